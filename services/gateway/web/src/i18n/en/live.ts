// English, what observers follow, and the rules of a session in plain words.
const live = {
  // The live page.
  'live.title': 'Live',
  'live.next': 'Next speakers',
  'live.list': 'The whole list',
  'live.turns': 'Turns so far',
  'live.no_turns': 'Nobody has spoken yet.',
  'live.agenda': 'Agenda',
  'live.rules': 'The rules of this session',
  'live.part_now': 'now',
  'live.part_over': 'over',
  'live.minutes_one': '{{count}} min',
  'live.minutes_other': '{{count}} min',
  'live.undone': 'undone',
  'rule.uniform':
    'Everyone is given the same time. It is computed anew after each turn, so that all who are here can speak.',
  'rule.individual':
    'Each speaker’s time follows their request. It is computed anew after each turn, so that all who are here can speak.',
  'rule.fixed': 'Every turn has the same fixed length, which does not change during the session.',
  'rule.bounds': 'A statement has at least {{minimum}} and at most {{maximum}}.',
  'rule.least': 'A statement has at least {{minimum}}.',
  'rule.gavel':
    'When a speaker’s time is over the chair thanks them and calls the next; nobody is cut off by the system.',
  'rule.soft': 'When a speaker’s time is over this is shown; nobody is cut off.',
  'rule.hard_one': 'When a speaker’s time and {{count}} s more are over, the floor goes back to the chair.',
  'rule.hard_other': 'When a speaker’s time and {{count}} s more are over, the floor goes back to the chair.',
  'rule.joint': 'Organisations may speak together in a joint statement.',
  'rule.silent':
    'A speaker who is called and silent goes two places back, not to the end. A lost connection moves nobody.',
  'rule.public': 'Anybody may follow this session.',
} as const

export default live
