// Russian, the hall's screen.
import type { Texts } from '../catalogue'

const room: Texts<'ru', 'room'> = {
  'room.title': 'Зал',
  'room.next': 'Далее',
}

export default room
