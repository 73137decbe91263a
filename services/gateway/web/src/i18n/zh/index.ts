// Chinese, the first page.
import type { Texts } from '../catalogue'

const index: Texts<'zh', 'index'> = {
  'index.title': '参加会议',
  'index.hint': '请打开收到的链接，或输入代码：会议或您本人的六位代码，或秘书处告知的八位代码。',
  'index.code': '代码',
  'index.open': '打开会议',
  'index.code_wrong': '代码由六位或八位字母和数字组成，例如 K7M2QX。',
  'signin.title': '工作人员',
  'signin.hint': '供组织者、主席、秘书处、字幕员、口译员和技术人员使用：用您所在组织的账户登录。您的链接仍可照常使用。',
  'signin.open': '登录',
  'signin.refused': '您尚未登录',
  'signin.why_unmapped': '您的账户在这里没有任何角色。请让本服务器的管理者为其分配角色，或打开您收到的链接。',
  'signin.why_unverified':
    '您所在的组织尚未确认您账户的电子邮件地址。请先在那里确认，然后重新登录，或打开您收到的链接。',
  'signin.why_denied': '您所在的组织未让您登录，或您中途返回。请重新登录，或打开您的链接。',
  'signin.why_stale': '登录用时过长，或是在另一个窗口中开始的。请重新登录。',
  'signin.why_untrusted': '您所在组织的答复不可信。请告知本服务器的管理者。',
  'signin.why_unavailable': '目前无法登录。请一分钟后再试；链接和代码仍可照常使用。',
  'signin.why_busy': '来自您所在网络的尝试过多。请等待一分钟后重新登录，或打开您的链接。',
  'signin.why_no_session': '没有使用此代码的会议。请检查这六个字符。',
  'signin.choose': '选择您的会议',
}

export default index
