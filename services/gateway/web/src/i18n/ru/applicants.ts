// Russian, applicants and everything around them on the organiser's page.
import type { Texts } from '../catalogue'

const applicants: Texts<'ru', 'applicants'> = {
  'applicants.import': 'Импорт',
  'applicants.applicants': 'Заявители',
  'applicants.register': 'Реестр аккредитации',
  'applicants.lot': 'Жеребьёвка',
  'applicants.invitations': 'Приглашения',
  'applicants.paper': 'Список на бумаге',
}

export default applicants
