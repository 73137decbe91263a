// Chinese, the organiser's page.
import type { Texts } from '../catalogue'

const organiser: Texts<'zh', 'organiser'> = {
  'organiser.title': '组织者',
  'organiser.all': '全部会议',
  'organiser.sections': '本次会议的栏目',
  'organiser.section.setup': '会议',
  'organiser.section.applicants': '申请者',
  'organiser.section.register': '登记册',
  'organiser.section.lot': '抽签',
  'organiser.section.invitations': '邀请',
  'organiser.section.paper': '纸质名单',
  'organiser.section.rehearsal': '预演',
  'organiser.section.record': '记录',
}

export default organiser
