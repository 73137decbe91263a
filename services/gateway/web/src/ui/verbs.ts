// The words for what somebody did, by the name of the command.
import en from '../i18n/en'
import type { Key } from '../i18n'

/** The catalogue's key of each verb that has words of its own. */
export const verbs: Record<string, Key> = Object.fromEntries(
  Object.keys(en)
    .filter((key) => key.startsWith('verb.') && key !== 'verb.other')
    .map((key) => [key.slice('verb.'.length), key as Key]),
)
