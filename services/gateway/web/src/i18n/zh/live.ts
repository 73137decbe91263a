// Chinese, what observers follow.
import type { Texts } from '../catalogue'

const live: Texts<'zh', 'live'> = {
  'live.title': '实时',
  'live.next': '接下来的发言者',
  'live.list': '完整名单',
  'live.turns': '已有发言',
  'live.no_turns': '尚无人发言。',
  'live.agenda': '议程',
  'live.rules': '本次会议的规则',
  'live.part_now': '正在进行',
  'live.part_over': '已结束',
  'live.minutes_other': '{{count}}分钟',
  'live.undone': '已撤销',
  'rule.uniform': '每位发言者的时间相同。每次发言后重新计算，使所有在场者都能发言。',
  'rule.individual': '每位发言者的时间依其申请而定。每次发言后重新计算，使所有在场者都能发言。',
  'rule.fixed': '每次发言的时间固定相同，会议期间不变。',
  'rule.bounds': '一次发言至少{{minimum}}，至多{{maximum}}。',
  'rule.least': '一次发言至少{{minimum}}。',
  'rule.gavel': '发言时间用完时，主席致谢并请下一位发言；系统不会切断任何人的发言。',
  'rule.soft': '发言时间用完时会有显示；不会切断任何人的发言。',
  'rule.hard_other': '发言时间用完后再过{{count}}秒，由主席收回发言。',
  'rule.joint': '若干组织可以联合发言。',
  'rule.silent': '被请发言而未出声者后移两位，而不是移到末尾。连接中断不会改变任何人的次序。',
  'rule.public': '任何人都可以旁听本次会议。',
}

export default live
