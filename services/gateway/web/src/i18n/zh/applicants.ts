// Chinese, applicants and everything around them on the organiser's page.
import type { Texts } from '../catalogue'

const applicants: Texts<'zh', 'applicants'> = {
  'applicants.import': '导入',
  'applicants.applicants': '申请者',
  'applicants.register': '认证登记册',
  'applicants.lot': '抽签仪式',
  'applicants.invitations': '邀请',
  'applicants.paper': '纸质名单',
}

export default applicants
