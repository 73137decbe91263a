// English, the hall's screen.
const room = {
  // The room's screen.
  'room.title': 'Room',
  'room.next': 'Next',
} as const

export default room
