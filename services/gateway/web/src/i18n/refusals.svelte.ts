// What the server refuses, in the reader's language. A refusal carries the key of its sentence and what stands in it;
// English is the server's own sentence and needs no file. The files are fetched when somebody is first refused
// something, so that no page is heavier for them.
//
// en.json is generated from the server's source (services/gateway/internal/said) and only types stand on it here: a
// sentence that another language lacks does not compile.
import type { Problem, Said, Sentence } from '../lib/view'
import { timeOfDay } from '../lib/eta'
import { whole } from '../lib/names'
import type { Language } from './catalogue'
import { language, list, number } from './language.svelte'
import { name } from './names'
import type english from './refusals/en.json'

type Texts = { readonly [K in keyof typeof english]: string }
type Translated = Exclude<Language, 'en'>

const files: Record<Translated, () => Promise<{ default: Texts }>> = {
  ar: () => import('./refusals/ar.json'),
  zh: () => import('./refusals/zh.json'),
  fr: () => import('./refusals/fr.json'),
  ru: () => import('./refusals/ru.json'),
  es: () => import('./refusals/es.json'),
}

type Loaded = Readonly<Record<string, string>>

/** The sentences by language; an empty table where they could not be fetched, so that the server's own are shown. */
let all = $state.raw<Partial<Record<Language, Loaded>>>({})
const asked = new Set<Language>()

/** Fetches the sentences of the reader's language, once. */
export async function learn(of: Language = language()): Promise<void> {
  if (of === 'en' || asked.has(of)) return
  asked.add(of)
  try {
    const file = await files[of]()
    all = { ...all, [of]: file.default }
  } catch {
    // The network may be gone: what the server said is shown as it is, and the next refusal asks again.
    all = { ...all, [of]: {} }
    asked.delete(of)
  }
}

/** The sentences of the reader's language; undefined while they are on their way. */
function texts(): Loaded | undefined {
  const of = language()
  if (!all[of]) void learn(of)
  return all[of]
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/

function word(known: Loaded, of: string): string | undefined {
  return known[`word.${of.replaceAll(/[- ]/g, '_')}`]
}

function argument(known: Loaded, of: Said): string {
  if (typeof of === 'number') return number(of)
  if (typeof of === 'string') return instant.test(of) ? timeOfDay(Date.parse(of)) : (word(known, of) ?? name(of))
  if ('words' in of) return list(of.words.map((one) => word(known, one) ?? name(one)))
  return sentence(known, of) ?? ''
}

function sentence(known: Loaded, of: Sentence | undefined): string | undefined {
  if (!of) return undefined
  // A text that is nothing but what another refusal said.
  const [inner] = of.args ?? []
  if (of.key === 'x' && typeof inner === 'object' && 'key' in inner) return sentence(known, inner)
  return known[`text.${of.key}`]?.replaceAll(/{{([a-z])}}/g, (_, place: string) => {
    const value = of.args?.[place.charCodeAt(0) - 'a'.charCodeAt(0)]
    return value === undefined ? '' : argument(known, value)
  })
}

/** What was wrong: the refusal's own sentence, or what its code means; nothing until the sentences are here. */
export function why(of: Problem): string {
  const own = whole(of.detail ?? of.title)
  if (language() === 'en') return own
  const known = texts()
  if (!known) return ''
  return whole(sentence(known, of.why) ?? known[`code.${of.code}`] ?? own)
}

/** What to do about it; nothing where the reader can do nothing. */
export function how(of: Problem): string {
  if (!of.do) return ''
  if (language() === 'en' || !of.how) return whole(of.do)
  const known = texts()
  const said = known && sentence(known, of.how)
  return said ? whole(said) : ''
}

/** What a refusal that only a program can meet says in English; nothing when `why` said it all. */
export function exact(of: Problem): string {
  const known = language() === 'en' ? undefined : texts()
  return known && of.why && !sentence(known, of.why) ? whole(of.detail ?? '', 'en') : ''
}
