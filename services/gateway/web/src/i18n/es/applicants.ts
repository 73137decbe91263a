// Spanish, applicants and everything around them on the organiser's page.
import type { Texts } from '../catalogue'

const applicants: Texts<'es', 'applicants'> = {
  'applicants.import': 'Importación',
  'applicants.applicants': 'Solicitantes',
  'applicants.register': 'Registro de acreditación',
  'applicants.lot': 'Ceremonia del sorteo',
  'applicants.invitations': 'Invitaciones',
  'applicants.paper': 'La lista en papel',
}

export default applicants
