// Arabic, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'ar', 'index'> = {
  'index.title': 'الانضمام إلى جلسة',
  'index.hint':
    'افتح الرابط الذي تلقيته، أو اكتب رمزاً: الأحرف الستة الخاصة بالجلسة أو بك، أو الثمانية التي أعطتك إياها الأمانة.',
  'index.code': 'الرمز',
  'index.open': 'فتح الجلسة',
  'index.code_wrong': 'يتكون الرمز من ستة أو ثمانية أحرف وأرقام، مثل K7M2QX.',
}

export default index
