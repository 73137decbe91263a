import Index from './Index.svelte'
import { show } from './page'

void show(Index, 'index.title', ['index'])
