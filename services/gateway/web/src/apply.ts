import Apply from './apply/Apply.svelte'
import { show } from './page'

void show(Apply, 'apply.title', ['apply', 'choices'])
