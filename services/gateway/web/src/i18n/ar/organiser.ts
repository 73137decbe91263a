// Arabic, the organiser's page.
import type { Texts } from '../catalogue'

const organiser: Texts<'ar', 'organiser'> = {
  'organiser.title': 'المنظّم',
  'organiser.all': 'كل الجلسات',
  'organiser.sections': 'أقسام هذه الجلسة',
  'organiser.section.setup': 'الجلسة',
  'organiser.section.applicants': 'المتقدمون',
  'organiser.section.register': 'السجل',
  'organiser.section.lot': 'القرعة',
  'organiser.section.invitations': 'الدعوات',
  'organiser.section.paper': 'على الورق',
  'organiser.section.rehearsal': 'التجربة',
  'organiser.section.record': 'المحضر',
}

export default organiser
