// What every page begins with: the viewer's language, the styles, the component.
import { mount, type Component } from 'svelte'
import { speak, t, type Area, type Key } from './i18n'
import { follow } from './title.svelte'
import './styles.css'

type Title = Extract<Key, `${Area}.title`>

/** Shows a page with the texts of these areas, beside those that every page has. */
export async function show(page: Component, title: Title, areas: readonly Area[]): Promise<void> {
  await speak(areas)
  follow(() => `${t(title)} · ${t('app.name')}`)
  const target = document.getElementById('app')
  if (!target) throw new Error('the page has no element #app')
  mount(page, { target })
  // What makes the page an app comes after the page itself; without it the page works all the same.
  void import('./lib/app.svelte').then(({ begin }) => begin()).catch(() => undefined)
}
