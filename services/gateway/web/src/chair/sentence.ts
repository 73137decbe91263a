// What the chair says aloud, word for word.
import { t } from '../i18n'
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
