// The words for what somebody did, by the name of the command.
import { known, t, type Key } from '../i18n'

type Plain = Exclude<Extract<Key, `verb.${string}`>, 'verb.other'>

/** What a command did, as it is said of somebody; a verb without words of its own is quoted. */
export function did(verb: string): string {
  const key = `verb.${verb}`
  return known(key) ? t(key as Plain) : t('verb.other', { verb })
}
