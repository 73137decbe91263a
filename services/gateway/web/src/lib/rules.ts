// The modalities in plain words, for everybody who follows.
import { t } from '../i18n'
import { span } from './clock'
import { orderWords } from './order'
import type { Modalities } from './view'

/** One sentence for each rule that a speaker or an observer should know. */
export function rules(modalities: Modalities, minimum = modalities.minimum_ms): string[] {
  const { allotment, limit, maximum_ms, grace_ms } = modalities
  return [
    t(`rule.${allotment}`),
    maximum_ms
      ? t('rule.bounds', { minimum: span(minimum), maximum: span(maximum_ms) })
      : t('rule.least', { minimum: span(minimum) }),
    limit === 'hard' ? t('rule.hard', { count: Math.round(grace_ms / 1000) }) : t(`rule.${limit}`),
    ...orderWords({ rule: modalities.order ?? 'list', categories: modalities.order_categories, words: '' }),
    t('rule.silent'),
    modalities.joint_statements ? t('rule.joint') : '',
    modalities.public_live ? t('rule.public') : '',
  ].filter(Boolean)
}
