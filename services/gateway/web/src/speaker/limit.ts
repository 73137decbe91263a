// What happens when a speaker's time runs out, in the words of the session's modalities.
import { t } from '../i18n'
import type { Modalities } from '../lib/view'

/** The sentence on the end of a turn: whether the chair may thank the speaker, or the floor goes back by itself. */
export const atLimit = ({ limit, grace_ms }: Pick<Modalities, 'limit' | 'grace_ms'>): string =>
  limit === 'hard' ? t('speaker.at_limit_hard', { count: Math.round(grace_ms / 1000) }) : t(`speaker.at_limit_${limit}`)
