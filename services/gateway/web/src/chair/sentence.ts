// What the chair says aloud, word for word.
import { t } from '../i18n'
import { spoken, type Act } from '../lib/act'
import { full, organisation } from '../lib/names'
import type { EntryView, View } from '../lib/view'

/** The sentence to say at the next act: thanks, the call, and who is to be ready. */
export function sentence(
  view: View,
  thank: EntryView | undefined,
  next: EntryView | undefined,
  after?: EntryView,
): string {
  const said: string[] = []
  if (thank) said.push(t('say.thank', { who: full(view, thank) }))
  if (next) {
    const values = { next: full(view, next, true), after: organisation(after) }
    if (after) said.push(t(thank ? 'say.then_give_followed' : 'say.give_followed', values))
    else said.push(t(thank ? 'say.then_give' : 'say.give', values))
  }
  return said.join(' ')
}

/** What the chair says at the act on the large control. */
export function saying(view: View, act: Act): string {
  const point = view.entries[view.floor.point ?? '']
  if (view.session.phase === 'planned') return t('say.open')
  if (act.kind === 'adjourn') return t('say.adjourn')
  if (point) return t('say.point', { who: full(view, point) })
  const { thank, next, after } = spoken(view, act)
  if (act.kind === 'begin') return t('say.has', { who: full(view, view.entries[next ?? ''], true) })
  return sentence(view, view.entries[thank ?? ''], view.entries[next ?? ''], view.entries[after ?? ''])
}
