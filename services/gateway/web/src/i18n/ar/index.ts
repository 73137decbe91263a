// Arabic, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'ar', 'index'> = {
  'index.title': 'الانضمام إلى جلسة',
  'index.hint': 'افتح الرابط الذي تلقيته، أو اكتب رموز الجلسة الستة.',
  'index.code': 'رمز الجلسة',
  'index.open': 'فتح الجلسة',
  'index.code_wrong': 'يتكون الرمز من ستة أحرف وأرقام، مثل K7M2QX.',
}

export default index
