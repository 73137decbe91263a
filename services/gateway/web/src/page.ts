// What every page begins with: the viewer's language, the styles, the component.
import { mount, type Component } from 'svelte'
import { speak, t, type Key } from './i18n'
import './styles.css'

export async function show(page: Component, title: Key): Promise<void> {
  await speak()
  document.title = `${t(title)} · ${t('app.name')}`
  const target = document.getElementById('app')
  if (!target) throw new Error('the page has no element #app')
  mount(page, { target })
}
