// Chinese, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'zh', 'index'> = {
  'index.title': '参加会议',
  'index.hint': '请打开收到的链接，或输入代码：会议或您本人的六位代码，或秘书处告知的八位代码。',
  'index.code': '代码',
  'index.open': '打开会议',
  'index.code_wrong': '代码由六位或八位字母和数字组成，例如 K7M2QX。',
}

export default index
