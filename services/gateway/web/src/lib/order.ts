// How the order of a list is made, in words: the server says the rule and its facts, the page the sentence.
import { list, name, t } from '../i18n'
import type { OrderView } from './view'

type Rule =
  'list' | 'first_come' | 'secretariat' | 'lot' | 'sainte_lague' | 'categories' | 'room_remote' | 'for_against'

/** The rules in which groups take turns, so that more is to be said. */
const grouped: readonly Rule[] = ['sainte_lague', 'categories', 'room_remote', 'for_against']
const rules: readonly Rule[] = ['list', 'first_come', 'secretariat', 'lot', ...grouped]

/** One sentence after the other; for a rule that this page does not know yet, the server's own. */
export function orderWords(order: Pick<OrderView, 'rule' | 'categories' | 'words'>): string[] {
  const rule = rules.find((one) => one === order.rule)
  if (!rule) return [order.words]
  const categories = order.categories?.filter((one) => one !== '*') ?? []
  const first =
    rule === 'categories' && categories.length
      ? t('order_by.categories_named', { categories: list(categories.map(name)) })
      : t(`order_by.${rule}`)
  if (rule === 'list') return [first]
  return grouped.includes(rule)
    ? [first, t('order_by.inside'), t('order_by.later_group')]
    : [first, t('order_by.later')]
}
