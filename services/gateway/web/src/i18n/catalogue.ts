// What a catalogue is: English defines the keys, area by area; every other language is typed by it, so that a missing
// or a superfluous text does not compile. Only types and the table of languages stand here; texts are fetched.
import type app from './en/app'
import type applicants from './en/applicants'
import type apply from './en/apply'
import type aside from './en/aside'
import type booth from './en/booth'
import type captions from './en/captions'
import type chair from './en/chair'
import type choices from './en/choices'
import type common from './en/common'
import type desk from './en/desk'
import type index from './en/index'
import type live from './en/live'
import type organiser from './en/organiser'
import type prompter from './en/prompter'
import type room from './en/room'
import type speaker from './en/speaker'

/** The areas of texts. `common` is loaded on every page, the others by the pages that name them. */
export interface Areas {
  common: typeof common
  app: typeof app
  aside: typeof aside
  applicants: typeof applicants
  apply: typeof apply
  booth: typeof booth
  captions: typeof captions
  chair: typeof chair
  choices: typeof choices
  desk: typeof desk
  index: typeof index
  live: typeof live
  organiser: typeof organiser
  prompter: typeof prompter
  room: typeof room
  speaker: typeof speaker
}

export type Area = keyof Areas

/**
 * The six official languages of the United Nations, each under its own name. `reviewed` is whether a native speaker
 * who knows the United Nations' terms has read the catalogue; until then the page says so beside the switch.
 */
export const languages = {
  ar: { name: 'العربية', direction: 'rtl', reviewed: false },
  zh: { name: '中文', direction: 'ltr', reviewed: false },
  en: { name: 'English', direction: 'ltr', reviewed: true },
  fr: { name: 'Français', direction: 'ltr', reviewed: false },
  ru: { name: 'Русский', direction: 'ltr', reviewed: false },
  es: { name: 'Español', direction: 'ltr', reviewed: false },
} as const satisfies Record<string, { name: string; direction: 'ltr' | 'rtl'; reviewed: boolean }>

export type Language = keyof typeof languages

/**
 * The plural forms that a catalogue must have (Unicode CLDR, cardinal). French and Spanish know "many" too, for whole
 * millions; no count here gets there, so that it follows "other" (see `filled`).
 */
export const forms = {
  ar: ['zero', 'one', 'two', 'few', 'many', 'other'],
  zh: ['other'],
  en: ['one', 'other'],
  fr: ['one', 'other'],
  ru: ['one', 'few', 'many', 'other'],
  es: ['one', 'other'],
} as const satisfies Record<Language, readonly Intl.LDMLPluralRule[]>

type Form<L extends Language> = (typeof forms)[L][number]

/** Every text of the English catalogue by its key as it is written there. */
export type English = Areas[Area]

type Keys<T> = T extends T ? keyof T & string : never
type PluralOf<K extends string> = K extends `${infer Stem}_other` ? Stem : never
type Without<K extends string> = Exclude<K, `${PluralOf<K>}_${Intl.LDMLPluralRule}`>

/** What a language must have in an area: each text, and each plural in each of the language's forms. */
export type Texts<L extends Language, A extends Area> = Record<Without<Keys<Areas[A]>>, string> &
  Record<`${PluralOf<Keys<Areas[A]>>}_${Form<L>}`, string>

type Merged = UnionToIntersection<English>
type UnionToIntersection<U> = (U extends U ? (u: U) => void : never) extends (i: infer I) => void ? I : never

/** A key without its plural form. */
export type Plural = PluralOf<Keys<English>>
export type Key = Without<Keys<English>> | Plural

type Placeholders<Text> = Text extends `${string}{{${infer Name}}}${infer Rest}` ? Name | Placeholders<Rest> : never
type TextOf<K extends Key> = K extends keyof Merged
  ? Merged[K]
  : `${K}_other` extends keyof Merged
    ? Merged[`${K}_other`]
    : never
type Names<K extends Key> = Placeholders<TextOf<K>> | (K extends Plural ? 'count' : never)

/** The values that a text is filled with: exactly its placeholders, and `count` for a plural. */
export type Values<K extends Key> = [Names<K>] extends [never]
  ? []
  : [
      values: Record<Exclude<Names<K>, 'count'>, string | number> &
        ('count' extends Names<K> ? { count: number } : unknown),
    ]

type File = Promise<{ default: Readonly<Record<string, string>> }>

/** Where each text is fetched from: a file for each language and area. */
export const files: Record<Language, Record<Area, () => File>> = {
  ar: {
    common: () => import('./ar/common'),
    app: () => import('./ar/app'),
    aside: () => import('./ar/aside'),
    applicants: () => import('./ar/applicants'),
    apply: () => import('./ar/apply'),
    booth: () => import('./ar/booth'),
    captions: () => import('./ar/captions'),
    desk: () => import('./ar/desk'),
    organiser: () => import('./ar/organiser'),
    prompter: () => import('./ar/prompter'),
    chair: () => import('./ar/chair'),
    choices: () => import('./ar/choices'),
    index: () => import('./ar/index'),
    live: () => import('./ar/live'),
    room: () => import('./ar/room'),
    speaker: () => import('./ar/speaker'),
  },
  zh: {
    common: () => import('./zh/common'),
    app: () => import('./zh/app'),
    aside: () => import('./zh/aside'),
    applicants: () => import('./zh/applicants'),
    apply: () => import('./zh/apply'),
    booth: () => import('./zh/booth'),
    captions: () => import('./zh/captions'),
    desk: () => import('./zh/desk'),
    organiser: () => import('./zh/organiser'),
    prompter: () => import('./zh/prompter'),
    chair: () => import('./zh/chair'),
    choices: () => import('./zh/choices'),
    index: () => import('./zh/index'),
    live: () => import('./zh/live'),
    room: () => import('./zh/room'),
    speaker: () => import('./zh/speaker'),
  },
  en: {
    common: () => import('./en/common'),
    app: () => import('./en/app'),
    aside: () => import('./en/aside'),
    applicants: () => import('./en/applicants'),
    apply: () => import('./en/apply'),
    booth: () => import('./en/booth'),
    captions: () => import('./en/captions'),
    desk: () => import('./en/desk'),
    organiser: () => import('./en/organiser'),
    prompter: () => import('./en/prompter'),
    chair: () => import('./en/chair'),
    choices: () => import('./en/choices'),
    index: () => import('./en/index'),
    live: () => import('./en/live'),
    room: () => import('./en/room'),
    speaker: () => import('./en/speaker'),
  },
  fr: {
    common: () => import('./fr/common'),
    app: () => import('./fr/app'),
    aside: () => import('./fr/aside'),
    applicants: () => import('./fr/applicants'),
    apply: () => import('./fr/apply'),
    booth: () => import('./fr/booth'),
    captions: () => import('./fr/captions'),
    desk: () => import('./fr/desk'),
    organiser: () => import('./fr/organiser'),
    prompter: () => import('./fr/prompter'),
    chair: () => import('./fr/chair'),
    choices: () => import('./fr/choices'),
    index: () => import('./fr/index'),
    live: () => import('./fr/live'),
    room: () => import('./fr/room'),
    speaker: () => import('./fr/speaker'),
  },
  ru: {
    common: () => import('./ru/common'),
    app: () => import('./ru/app'),
    aside: () => import('./ru/aside'),
    applicants: () => import('./ru/applicants'),
    apply: () => import('./ru/apply'),
    booth: () => import('./ru/booth'),
    captions: () => import('./ru/captions'),
    desk: () => import('./ru/desk'),
    organiser: () => import('./ru/organiser'),
    prompter: () => import('./ru/prompter'),
    chair: () => import('./ru/chair'),
    choices: () => import('./ru/choices'),
    index: () => import('./ru/index'),
    live: () => import('./ru/live'),
    room: () => import('./ru/room'),
    speaker: () => import('./ru/speaker'),
  },
  es: {
    common: () => import('./es/common'),
    app: () => import('./es/app'),
    aside: () => import('./es/aside'),
    applicants: () => import('./es/applicants'),
    apply: () => import('./es/apply'),
    booth: () => import('./es/booth'),
    captions: () => import('./es/captions'),
    desk: () => import('./es/desk'),
    organiser: () => import('./es/organiser'),
    prompter: () => import('./es/prompter'),
    chair: () => import('./es/chair'),
    choices: () => import('./es/choices'),
    index: () => import('./es/index'),
    live: () => import('./es/live'),
    room: () => import('./es/room'),
    speaker: () => import('./es/speaker'),
  },
}

/** Gives a plural's missing forms of the language (only ever "many", see `forms`) the text of "other". */
export function filled(language: Language, texts: Readonly<Record<string, string>>): Record<string, string> {
  const all: Record<string, string> = { ...texts }
  for (const [key, text] of Object.entries(texts)) {
    const stem = /^(.*)_other$/.exec(key)?.[1]
    if (!stem) continue
    for (const form of new Intl.PluralRules(language).resolvedOptions().pluralCategories)
      all[`${stem}_${form}`] ??= text
  }
  return all
}
