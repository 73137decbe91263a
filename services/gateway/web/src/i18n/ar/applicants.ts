// Arabic, applicants and everything around them on the organiser's page.
import type { Texts } from '../catalogue'

const applicants: Texts<'ar', 'applicants'> = {
  'applicants.import': 'الاستيراد',
  'applicants.applicants': 'المتقدمون',
  'applicants.register': 'سجل الاعتماد',
  'applicants.lot': 'إجراء القرعة',
  'applicants.invitations': 'الدعوات',
  'applicants.paper': 'القائمة على الورق',
}

export default applicants
