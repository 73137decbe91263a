// French, the hall's screen.
import type { Texts } from '../catalogue'

const room: Texts<'fr', 'room'> = {
  'room.title': 'Salle',
  'room.next': 'Ensuite',
}

export default room
