// Spanish, the organiser's page.
import type { Texts } from '../catalogue'

const organiser: Texts<'es', 'organiser'> = {
  'organiser.title': 'Organizador',
  'organiser.all': 'Todas las sesiones',
  'organiser.sections': 'Secciones de esta sesión',
  'organiser.section.setup': 'Sesión',
  'organiser.section.applicants': 'Solicitantes',
  'organiser.section.register': 'Registro',
  'organiser.section.lot': 'Sorteo',
  'organiser.section.invitations': 'Invitaciones',
  'organiser.section.paper': 'Papel',
  'organiser.section.rehearsal': 'Ensayo',
  'organiser.section.record': 'Acta',
}

export default organiser
