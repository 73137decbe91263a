import Chair from './chair/Chair.svelte'
import { show } from './page'

void show(Chair, 'chair.title', ['chair', 'choices'])
