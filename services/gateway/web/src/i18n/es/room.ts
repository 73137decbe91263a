// Spanish, the hall's screen.
import type { Texts } from '../catalogue'

const room: Texts<'es', 'room'> = {
  'room.title': 'Sala',
  'room.next': 'A continuación',
}

export default room
