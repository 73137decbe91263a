import { codeOf, takeToken } from './lib/link'
import Organiser from './organiser/Organiser.svelte'
import { show } from './page'

// Before anything is fetched: whoever goes on before the page is there keeps the link.
if (!codeOf(location.pathname)) takeToken('organiser')

void show(Organiser, 'organiser.title', ['organiser', 'applicants', 'apply', 'choices'])
