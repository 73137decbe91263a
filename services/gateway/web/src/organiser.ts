import Organiser from './organiser/Organiser.svelte'
import { show } from './page'

void show(Organiser, 'organiser.title', ['organiser', 'applicants', 'apply', 'choices'])
