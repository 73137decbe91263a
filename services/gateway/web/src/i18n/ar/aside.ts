// Arabic, over plain http and without a network: fetched where it is needed.
import type { Texts } from '../catalogue'

const aside: Texts<'ar', 'aside'> = {
  'insecure.short': 'غير مشفّر',
  'insecure.what': 'وصلت هذه الصفحة عبر http. وعندئذٍ تعطّل المتصفحات ما يلي:',
  'insecure.microphone': 'الميكروفون',
  'insecure.notifications': 'الإشعارات',
  'insecure.awake': 'إبقاء الشاشة مضاءة',
  'insecure.install': 'التثبيت كتطبيق',
  'insecure.receipts': 'التحقق من الإيصالات داخل الصفحة',
  'insecure.rest':
    'كل ما عدا ذلك يعمل. وقد يتمكن أي شخص على هذه الشبكة من الاطلاع على المحتوى. اطلب من الأمانة عنوان https.',
  'insecure.still': 'غير مشفّر (http): قد تنطفئ هذه الشاشة من تلقاء نفسها.',
  'known.title': 'أنت غير متصل. آخر ما عُرف في {{time}} ({{utc}})',
  'known.place': 'كان موضعك {{place}} من {{of}}.',
  'known.hint': 'قد يكون الوضع مختلفاً الآن. موضعك محفوظ: فهو لا يتوقف على هذا الجهاز.',
  'known.hint_none': 'قد يكون الوضع مختلفاً الآن.',
}

export default aside
