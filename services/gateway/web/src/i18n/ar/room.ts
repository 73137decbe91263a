// Arabic, the hall's screen.
import type { Texts } from '../catalogue'

const room: Texts<'ar', 'room'> = {
  'room.title': 'القاعة',
  'room.next': 'التالي',
}

export default room
