// English, the organiser's page.
const organiser = {
  'organiser.title': 'Organiser',
  'organiser.all': 'All sessions',
  'organiser.sections': 'Sections of this session',
  'organiser.section.setup': 'Session',
  'organiser.section.applicants': 'Applicants',
  'organiser.section.register': 'Register',
  'organiser.section.lot': 'Lot',
  'organiser.section.invitations': 'Invitations',
  'organiser.section.paper': 'Paper',
  'organiser.section.rehearsal': 'Rehearsal',
  'organiser.section.record': 'Record',
} as const

export default organiser
