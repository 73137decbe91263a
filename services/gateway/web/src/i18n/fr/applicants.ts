// French, applicants and everything around them on the organiser's page.
import type { Texts } from '../catalogue'

const applicants: Texts<'fr', 'applicants'> = {
  'applicants.import': 'Importation',
  'applicants.applicants': 'Candidats',
  'applicants.register': 'Registre d’accréditation',
  'applicants.lot': 'Cérémonie du tirage au sort',
  'applicants.invitations': 'Invitations',
  'applicants.paper': 'La liste sur papier',
}

export default applicants
