// Chinese, the hall's screen.
import type { Texts } from '../catalogue'

const room: Texts<'zh', 'room'> = {
  'room.title': '会场',
  'room.next': '下一位',
}

export default room
