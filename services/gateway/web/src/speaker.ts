import Speaker from './speaker/Speaker.svelte'
import { show } from './page'

void show(Speaker, 'speaker.title', ['speaker', 'app', 'prompter', 'captions'])
