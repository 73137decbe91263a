import './live/first.css'
import Live from './live/Live.svelte'
import { show } from './page'

void show(Live, 'live.title', ['live', 'captions'])
