import { mount } from 'svelte'
import Index from './Index.svelte'

const target = document.getElementById('app')
if (!target) throw new Error('index.html has no element #app')
mount(Index, { target })
