// The viewer's language: chosen once, remembered in this browser, and changed without a reload. Texts are fetched by
// language and area; numbers, times and lists follow the viewer's own locale (Intl).
import i18next, { type FormatterModule } from 'i18next'
import { files, filled, languages, type Area, type Key, type Language, type Values } from './catalogue'

const stored = 'fairfloor.language'
const there = Object.keys(languages) as Language[]

/** What the page speaks now; everything that calls `t` in a template follows it. */
const now = $state<{ language: Language; locale: string }>({ language: 'en', locale: 'en' })

export const language = (): Language => now.language

/** The BCP 47 tag for numbers and times: the viewer's own where it is of the same language. */
export const locale = (): string => now.locale

/** Whether a language is written from right to left. */
export const direction = (of: string): 'ltr' | 'rtl' => languages[of.split('-')[0] as Language]?.direction ?? 'ltr'

/** The first of the wished languages that there is, or English. */
export function choose(wished: readonly string[]): Language {
  for (const wish of wished) {
    const found = there.find((one) => one === wish.toLowerCase().split('-')[0])
    if (found) return found
  }
  return 'en'
}

/**
 * What the viewer wants, most wanted first: `?lang=` of the address (for a screen that nobody operates), what was
 * chosen in this browser before, and what the browser is set to.
 */
export function wishes(): string[] {
  const asked = new URLSearchParams(globalThis.location?.search).get('lang')
  let chosen: string | null = null
  try {
    chosen = localStorage.getItem(stored)
  } catch {
    // Without storage the browser's own setting decides.
  }
  return [asked, chosen, ...(globalThis.navigator?.languages ?? [])].filter((one): one is string => !!one)
}

/** Writes the numbers in a text as the viewer writes them. */
const numbers: FormatterModule = {
  type: 'formatter',
  init: () => undefined,
  add: () => undefined,
  addCached: () => undefined,
  format: (value: unknown) => (typeof value === 'number' ? number(value) : String(value)),
}

/** The areas that the page has asked for so far. */
const wanted = new Set<Area>(['common'])
let setUp = false

async function load(of: Language): Promise<void> {
  const texts = await Promise.all([...wanted].map((area) => files[of][area]()))
  if (!setUp) {
    await i18next.use(numbers).init({
      lng: of,
      fallbackLng: false,
      resources: {},
      keySeparator: false,
      nsSeparator: false,
      // Svelte escapes what it shows.
      interpolation: { escapeValue: false, alwaysFormat: true },
    })
    setUp = true
  }
  for (const area of texts) i18next.addResourceBundle(of, 'translation', filled(of, area.default), true, true)
  await i18next.changeLanguage(of)
}

/** Loads the viewer's language with these areas and says so on the page's root element. */
export async function speak(areas: readonly Area[], wished: readonly string[] = wishes()): Promise<void> {
  for (const area of areas) wanted.add(area)
  await change(choose(wished), wished)
}

/** Changes to another language and remembers it in this browser. */
export async function prefer(of: Language): Promise<void> {
  try {
    localStorage.setItem(stored, of)
    // So that the next page's first paint, which the server writes, is in this language too.
    document.cookie = `fairfloor_language=${of}; path=/; max-age=31536000; samesite=strict`
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  await change(of, [of, ...wishes()])
}

async function change(of: Language, wished: readonly string[]): Promise<void> {
  await load(of)
  now.locale = wished.find((wish) => wish.startsWith(`${of}-`)) ?? of
  now.language = of
  if (globalThis.document) {
    document.documentElement.lang = of
    document.documentElement.dir = direction(of)
  }
}

type Args = Record<string, string | number>

/** The text of a key, filled with exactly the values that it names. */
export function t<K extends Key>(key: K, ...[values]: Values<K>): string {
  // Read so that templates are evaluated anew when the language changes.
  void now.language
  // Keys are typed here, by Key; i18next's own typing of them would do the same work again.
  return (i18next.t as unknown as (key: string, values?: object) => string)(key, values as Args | undefined)
}

/** Whether there is a text of this key. */
export const known = (key: string): key is Key => {
  void now.language
  return i18next.exists(key)
}

const cached = <F>(make: (locale: string) => F): ((locale: string) => F) => {
  const made = new Map<string, F>()
  return (locale) => {
    const there = made.get(locale)
    if (there) return there
    const fresh = make(locale)
    made.set(locale, fresh)
    return fresh
  }
}

const plain = cached((of) => new Intl.NumberFormat(of))
const tenth = cached((of) => new Intl.NumberFormat(of, { minimumFractionDigits: 1, maximumFractionDigits: 1 }))
const whole = cached((of) => new Intl.NumberFormat(of, { useGrouping: false }))
const pair = cached((of) => new Intl.NumberFormat(of, { useGrouping: false, minimumIntegerDigits: 2 }))
const share = cached((of) => new Intl.NumberFormat(of, { style: 'percent', maximumFractionDigits: 1 }))
const names = cached((of) => new Intl.ListFormat(of, { type: 'conjunction' }))

/** A number as the viewer writes it. */
export const number = (n: number): string => plain(now.locale).format(n)

/** A number with one decimal place. */
export const decimal = (n: number): string => tenth(now.locale).format(n)

/** A share of one, as per cent to one decimal place. */
export const percent = (of: number): string => share(now.locale).format(of)

/** Minutes and seconds as m:ss in the viewer's digits. */
export const clock = (minutes: number, seconds: number): string =>
  `${whole(now.locale).format(minutes)}:${pair(now.locale).format(seconds)}`

/** Names one after the other, as the language lists them. */
export const list = (all: readonly string[]): string => names(now.locale).format(all)
