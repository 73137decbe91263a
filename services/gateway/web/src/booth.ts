import Booth from './booth/Booth.svelte'
import { show } from './page'

void show(Booth, 'booth.title', ['booth', 'captions'])
