// What a decision on an application says, in the reader's language.
import { t } from '../i18n'
import type { DeclineCode } from '../lib/view'

export { said } from '../lib/refused'

/** A published reason of a refusal. */
export const reason = (code: DeclineCode): string =>
  code === 'withdrawn_by_organisation' ? t('apply.state.withdrawn') : t(`decline.${code}`)
