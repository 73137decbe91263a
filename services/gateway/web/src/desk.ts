import Desk from './desk/Desk.svelte'
import { show } from './page'

void show(Desk, 'desk.title', ['desk', 'captions'])
