// French, the organiser's page.
import type { Texts } from '../catalogue'

const organiser: Texts<'fr', 'organiser'> = {
  'organiser.title': 'Organisateur',
  'organiser.all': 'Toutes les séances',
  'organiser.sections': 'Rubriques de cette séance',
  'organiser.section.setup': 'Séance',
  'organiser.section.applicants': 'Candidats',
  'organiser.section.register': 'Registre',
  'organiser.section.lot': 'Tirage au sort',
  'organiser.section.invitations': 'Invitations',
  'organiser.section.paper': 'Papier',
  'organiser.section.rehearsal': 'Répétition',
  'organiser.section.record': 'Procès-verbal',
}

export default organiser
