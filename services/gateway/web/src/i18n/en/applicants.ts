// English, applicants and everything around them on the organiser's page.
const applicants = {
  'applicants.import': 'Import',
  'applicants.applicants': 'Applicants',
  'applicants.register': 'Accreditation register',
  'applicants.lot': 'Lot ceremony',
  'applicants.invitations': 'Invitations',
  'applicants.paper': 'The list on paper',
} as const

export default applicants
