// English, on every page. This file and its neighbours define the keys for all languages; {{name}} is filled in, and
// _one and _other follow Intl.PluralRules.
const common = {
  'app.name': 'Fairfloor',

  // The switch of languages.
  'language.label': 'Language',
  'language.draft': 'Unreviewed translation',
  'language.draft_hint':
    'No native speaker has reviewed this translation yet. Where in doubt, the English text counts.',

  // The line to the server.
  'line.live': 'Live',
  'line.reconnecting': 'Reconnecting…',
  'line.stale_one': 'Not current: nothing heard for {{count}} s',
  'line.stale_other': 'Not current: nothing heard for {{count}} s',
  'line.stopped': 'Stopped',
  'line.loading': 'Connecting…',
  'line.stale_hint': 'What you see may be old. It is brought up to date as soon as the connection is back.',

  // What can go wrong with a link.
  'gate.loading': 'Opening the session…',
  'gate.no_session': 'There is no such session',
  'gate.no_session_do': 'Check the six characters of the code, or ask the secretariat for the link again.',
  'gate.expired': 'This link is no longer valid',
  'gate.expired_do': 'It has expired or was withdrawn. Ask the secretariat for a new one.',
  'gate.forbidden': 'This link does not open this page',
  'gate.forbidden_do': 'Open the page that your link is for, or ask the secretariat for a link with another role.',
  'gate.private': 'This session is not open to visitors',
  'gate.private_do': 'Open the personal link that the secretariat sent to you.',
  'gate.unreachable': 'The server cannot be reached',
  'gate.unreachable_do': 'Check your connection. This page tries again by itself.',
  'gate.personal': 'This page needs a personal link',
  'gate.personal_do': 'Open the link that the secretariat sent to you. It is yours alone.',
  'gate.follow': 'Follow the session as an observer',
  'gate.own_page': 'Go to the page of your link',
  'gate.retry': 'Try again',

  // Times.
  'eta.now': 'any moment now',
  'eta.soon_one': 'in less than {{count}} min',
  'eta.soon_other': 'in less than {{count}} min',
  'eta.about_one': 'in about {{count}} min',
  'eta.about_other': 'in about {{count}} min',
  'eta.range_one': 'in {{low}} to {{count}} min',
  'eta.range_other': 'in {{low}} to {{count}} min',
  'eta.clock': '{{low}} to {{high}}',
  'eta.not_reached': 'not expected to be reached',
  'eta.unknown': 'no estimate yet',
  'time.utc': '{{time}} UTC',
  'time.ends': 'Ends {{time}}',
  'time.starts': 'Starts {{time}}',

  // Phases and kinds.
  'phase.planned': 'Not started',
  'phase.running': 'Running',
  'phase.suspended': 'Suspended',
  'phase.adjourned': 'Adjourned',
  'kind.statement': 'Statement',
  'kind.question': 'Question',
  'kind.right_of_reply': 'Right of reply',
  'kind.point_of_order': 'Point of order',
  'presence.room': 'in the room',
  'presence.conference': 'in the conference',
  'presence.check_in': 'checked in',
  'presence.seen': 'seen today',
  'presence.connected': 'connected',
  'presence.absent': 'reported absent',
  'how.no_show': 'was not here',
  'how.stepped_back': 'stepped back',

  // The floor.
  'floor.title': 'The floor',
  'floor.has': 'Has the floor',
  'floor.called': 'Called',
  'floor.called_for': 'since the call, not speaking yet',
  'floor.seconds_one': '{{count}} s',
  'floor.seconds_other': '{{count}} s',
  'floor.free': 'Nobody has the floor',
  'floor.point': 'Point of order',
  'floor.point_of': 'Point of order of {{who}}',
  'floor.point_holds': '{{who}} keeps the floor; the clock stands.',
  'floor.since': 'speaking since {{time}}',
  'floor.left': 'left',
  'floor.over': 'over time',
  'floor.paused': 'Clock paused',
  'floor.paused_by_chair': 'Clock paused by the chair',
  'floor.paused_by_point_of_order': 'Clock paused for a point of order',
  'floor.paused_by_suspension': 'Session suspended',
  'floor.paused_by_lost_line': 'Clock paused: the speaker’s line was lost',
  'floor.paused_by_interpretation': 'Clock paused: interpretation is lost',
  'floor.stale': 'not current',
  'floor.used': '{{used}} used of {{allotted}}',
  'floor.added': '{{added}} added',
  'floor.amber': 'Time is nearly over',
  'floor.red': 'Time is over',
  'floor.not_started': 'The session has not started',
  'floor.suspended': 'The session is suspended',
  'floor.adjourned': 'The session is adjourned',
  'ruling.upheld': 'Upheld',
  'ruling.dismissed': 'Dismissed',
  'ruling.noted': 'Noted',
  'prompt.please_conclude': 'Please conclude',
  'prompt.you_are_muted': 'You are muted',
  'prompt.slow_down': 'Please slow down',
  'list.waiting_one': '{{count}} waiting',
  'list.waiting_other': '{{count}} waiting',
  'list.empty': 'Nobody is waiting.',
  'list.standby': 'On standby',
  'list.joint_with': 'Joint statement with',
  'say.person_of': '{{person}} of {{organisation}}',
  'say.pronounced': '{{name}} ({{pronunciation}})',

  // Dialogs.
  'dialog.cancel': 'Cancel',
  'dialog.close': 'Close',
  'dialog.confirm': 'Confirm',
  'dialog.search': 'Search',
  'dialog.no_match': 'Nothing matches.',
  'pick.none': 'There is nobody to choose.',

  // How the order of a list is made.
  'order_by.list':
    'Speakers are called in the order in which they joined the list. Every change of it is shown with its reason.',
  'order_by.first_come':
    'First come, first served: speakers are called in the order in which they joined; the list is fixed when it closes.',
  'order_by.secretariat':
    'The secretariat sets the order by a list that is published before it is fixed; those who are not on it follow in the order in which they joined.',
  'order_by.lot': 'The lot alone decides the order, and anybody can draw it again.',
  'order_by.sainte_lague': 'The groups take turns in proportion to their numbers.',
  'order_by.categories':
    'The categories speak one after the other; inside a category the groups take turns in proportion to their numbers.',
  'order_by.categories_named':
    'The categories speak one after the other ({{categories}}); inside a category the groups take turns in proportion to their numbers.',
  'order_by.room_remote':
    'Those in the room and those who take part remotely speak in turn; among each, the groups in proportion to their numbers.',
  'order_by.for_against':
    'Those for and those against speak in turn, then those who are neither; among each, the groups in proportion to their numbers.',
  'order_by.inside':
    'Inside a group the regions take turns in the same way; inside a region those who have not spoken before come first, then those with more carried credit, then the lot decides.',
  'order_by.later':
    'Whoever joins after the list is fixed speaks at the end of it. The first three places are not changed automatically.',
  'order_by.later_group':
    'Whoever joins after the list is fixed comes at the end of their own group. The first three places are not changed automatically.',

  // Refusals.
  'refusal.title': 'Not done',
  'refusal.since': 'What happened since:',
  'refusal.dismiss': 'Dismiss',
  'refusal.do': 'What to do: {{do}}',

  // Verbs, as they are said of what happened.
  'verb.next': 'gave the floor',
  'verb.give': 'gave the floor',
  'verb.begin': 'said that the speaker began',
  'verb.end': 'ended the turn',
  'verb.yield': 'was done',
  'verb.withdraw_floor': 'withdrew the floor',
  'verb.step_back': 'moved two places back',
  'verb.no_show': 'marked as not here',
  'verb.undo': 'undid the last act',
  'verb.reassign': 'said who is really speaking',
  'verb.correct_turn': 'corrected a turn',
  'verb.move': 'moved an entry',
  'verb.merge': 'made a joint statement',
  'verb.split': 'split a joint statement',
  'verb.join': 'joined the list',
  'verb.withdraw': 'left the list',
  'verb.defer': 'went two places back',
  'verb.check_in': 'checked in',
  'verb.raise_point': 'raised a point of order',
  'verb.admit_point': 'heard a point of order',
  'verb.refuse_point': 'did not hear a point of order',
  'verb.rule': 'ruled on a point of order',
  'verb.other': 'did “{{verb}}”',

  // Receipts as proof, and the key that signs them.
  'proof.title_one': 'Proof of your act: {{count}} signed receipt',
  'proof.title_other': 'Proof of your acts: {{count}} signed receipts',
  'proof.good': 'This browser has checked that they are signed with the session’s key.',
  'proof.unchecked': 'This browser cannot check the signatures; saved receipts can be checked elsewhere.',
  'proof.what':
    'A receipt proves what the server acknowledged, and when. Save them if you may want to show that later.',
  'proof.save': 'Save my receipts',
  'proof.key': 'Key of this session:',
  'proof.bad':
    'The answer to your act is not signed with this session’s key. Save your receipts and tell the secretariat: somebody may stand between you and the server.',
} as const

export default common
