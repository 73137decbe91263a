import Room from './room/Room.svelte'
import { show } from './page'

void show(Room, 'room.title', ['room', 'captions'])
