// The texts of the pages, in the viewer's language. Keys are typed by the English
// catalogue; names that are filled in are isolated (Unicode FSI and PDI), so that a
// name in another script never turns the sentence around it.
import i18next from 'i18next'
import en from './en'

type Raw = keyof typeof en
type Form = 'zero' | 'one' | 'two' | 'few' | 'many' | 'other'
type Plural = Extract<Raw, `${string}_one`> extends `${infer K}_one` ? K : never

/** A key without its plural form. */
export type Key = Exclude<Raw, `${Plural}_${Form}`> | Plural

/** What every language must have: each text, and each plural in at least "other". */
export type Catalogue = Record<Exclude<Raw, `${Plural}_${Form}`>, string> &
  Record<`${Plural}_other`, string> &
  Partial<Record<`${Plural}_${Form}`, string>>

/** The languages there are; all but English are fetched when somebody wants them. */
const catalogues: Record<string, () => Promise<Catalogue>> = {
  en: () => Promise.resolve(en),
}

const rightToLeft = new Set(['ar', 'fa', 'he', 'ur'])

/** The first of the wished languages that there is. */
export function choose(wished: readonly string[], there: readonly string[] = Object.keys(catalogues)): string {
  for (const wish of wished) {
    const found = there.find((language) => language === wish || language === wish.split('-')[0])
    if (found) return found
  }
  return 'en'
}

export const direction = (language: string): 'ltr' | 'rtl' =>
  rightToLeft.has(language.split('-')[0] ?? '') ? 'rtl' : 'ltr'

/** The BCP 47 tag for numbers and times: the viewer's own where it is of the same language. */
export let locale = 'en'

/** Loads the viewer's language and says so on the page's root element. */
export async function speak(wished: readonly string[] = globalThis.navigator?.languages ?? ['en']): Promise<void> {
  const language = choose(wished)
  const texts = await catalogues[language]!()
  locale = wished.find((wish) => wish === language || wish.startsWith(`${language}-`)) ?? language
  await i18next.init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: texts } },
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
  })
  if (globalThis.document) {
    document.documentElement.lang = language
    document.documentElement.dir = direction(language)
  }
}

/** The text of a key. */
export function t(key: Key, values?: Record<string, string | number>): string {
  // Keys are typed here, by Key; i18next's own typing of them would do the same work again.
  return (i18next.t as unknown as (key: string, values?: object) => string)(key, values)
}

const isolate = '\u2068'
const end = '\u2069'

/** Isolates a name, so that it can stand in a text of any direction; Text.svelte shows it as <bdi>. */
export const name = (text: string): string => (text ? isolate + text + end : '')

/** Splits a text at its isolated names. */
export function pieces(text: string): { text: string; isolated: boolean }[] {
  const out: { text: string; isolated: boolean }[] = []
  let depth = 0
  let piece = ''
  const push = (isolated: boolean) => {
    if (piece) out.push({ text: piece, isolated })
    piece = ''
  }
  for (const c of text) {
    if (c === isolate) {
      if (depth++ === 0) push(false)
    } else if (c === end && depth > 0) {
      if (--depth === 0) push(true)
    } else piece += c
  }
  push(depth > 0)
  return out
}

/** A text without the marks of isolation, for titles of windows. */
export const bare = (text: string): string => text.replaceAll(isolate, '').replaceAll(end, '')
