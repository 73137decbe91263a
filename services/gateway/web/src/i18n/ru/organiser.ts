// Russian, the organiser's page.
import type { Texts } from '../catalogue'

const organiser: Texts<'ru', 'organiser'> = {
  'organiser.title': 'Организатор',
  'organiser.all': 'Все заседания',
  'organiser.sections': 'Разделы этого заседания',
  'organiser.section.setup': 'Заседание',
  'organiser.section.applicants': 'Заявители',
  'organiser.section.register': 'Реестр',
  'organiser.section.lot': 'Жребий',
  'organiser.section.invitations': 'Приглашения',
  'organiser.section.paper': 'На бумаге',
  'organiser.section.rehearsal': 'Репетиция',
  'organiser.section.record': 'Протокол',
}

export default organiser
