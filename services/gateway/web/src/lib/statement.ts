// A statement on the prompter: paragraphs that must be said and those that may be dropped, how long
// it takes at a pace that can be interpreted, what would go, and what has been passed.
import type { Id } from './view'

/**
 * The pace that interpreters can follow, words a minute, for Chinese characters a minute: as pkg/script has it, where
 * the sources are named (Li, JoSTrans 13, 2010; AIIC's advice).
 */
const pace: Record<string, number> = { ar: 100, en: 120, es: 120, fr: 120, ru: 100, zh: 180 }
const usualPace = 100

export interface Sentence {
  /** From 1 over the whole statement, as the server counts. */
  number: number
  text: string
}

export interface Paragraph {
  /** From 1. */
  number: number
  sentences: Sentence[]
  /** Whether it may be dropped when time is short. */
  mayDrop: boolean
}

/** The statement as the server has divided it, with the paragraphs that may be dropped. */
export function paragraphs(divided: readonly (readonly string[])[], drop: ReadonlySet<number>): Paragraph[] {
  let number = 0
  return divided.map((sentences, i) => ({
    number: i + 1,
    sentences: sentences.map((text) => ({ number: ++number, text })),
    mayDrop: drop.has(i + 1),
  }))
}

const han = /\p{Script=Han}/gu
const wordish = /[\p{L}\p{N}][\p{L}\p{M}\p{N}'’.-]*/gu

/** How long a text takes to say so that it can be interpreted, ms. */
export function duration(text: string, language: string): number {
  const of = language.toLowerCase().split('-')[0] ?? ''
  const characters = text.match(han)?.length ?? 0
  const words = text.replace(han, ' ').match(wordish)?.length ?? 0
  return (characters / pace.zh! + words / (of === 'zh' ? usualPace : (pace[of] ?? usualPace))) * 60_000
}

export const textOf = (paragraph: Paragraph): string => paragraph.sentences.map((one) => one.text).join(' ')

export interface Fit {
  /** All of it, and what must be said, ms. */
  whole: number
  least: number
  /** Paragraphs that go, the last that may be dropped first, so that the rest fits. */
  goes: ReadonlySet<number>
  /** By how much it is still too long when all of those have gone, ms; 0 when it fits. */
  over: number
}

/** What would go for a statement to fit into a time, ms. */
export function fit(all: readonly Paragraph[], language: string, time: number | undefined): Fit {
  const lengths = new Map(all.map((one) => [one.number, duration(textOf(one), language)]))
  const whole = [...lengths.values()].reduce((sum, one) => sum + one, 0)
  const least = all.reduce((sum, one) => sum + (one.mayDrop ? 0 : lengths.get(one.number)!), 0)
  const goes = new Set<number>()
  if (time === undefined) return { whole, least, goes, over: 0 }
  let left = whole
  for (const one of all.toReversed()) {
    if (left <= time) break
    if (!one.mayDrop) continue
    goes.add(one.number)
    left -= lengths.get(one.number)!
  }
  return { whole, least, goes, over: Math.max(0, left - time) }
}

/** How far a statement has been read. */
export interface Progress {
  passed: number[]
  skipped: number[]
  /** The sentence with which it goes on, where the rest of a paragraph that was begun is left unsaid. */
  from?: number
}

export const unread: Progress = { passed: [], skipped: [] }

/** What is still to be said. */
function ahead(all: readonly Paragraph[], { passed, skipped, from = 0 }: Progress): Sentence[] {
  const last = Math.max(0, ...passed)
  const gone = new Set(skipped)
  return all
    .filter((one) => !gone.has(one.number))
    .flatMap((one) => one.sentences)
    .filter((one) => one.number > last && one.number >= from)
}

/** The sentence to say now. */
export const current = (all: readonly Paragraph[], progress: Progress): Sentence | undefined => ahead(all, progress)[0]

/** The paragraph of a sentence. */
export const around = (all: readonly Paragraph[], sentence: number): Paragraph | undefined =>
  all.find((one) => one.sentences.some((other) => other.number === sentence))

/** What is passed when the reader is at a sentence, or past it: everything that was still to be said before it. */
export const upTo = (all: readonly Paragraph[], progress: Progress, sentence: number, including: boolean): number[] =>
  ahead(all, progress)
    .map((one) => one.number)
    .filter((number) => (including ? number <= sentence : number < sentence))

/** The paragraphs that are left out by going to the conclusion: what lies between here and the last one. */
export function toConclusion(all: readonly Paragraph[], progress: Progress): number[] {
  const here = current(all, progress)
  const at = here ? around(all, here.number) : undefined
  const last = all.at(-1)
  if (!here || !at || !last || at === last) return []
  const begun = at.sentences.some((one) => progress.passed.includes(one.number))
  return all
    .filter((one) => one.number < last.number && one.number >= (begun ? at.number + 1 : at.number))
    .map((one) => one.number)
    .filter((number) => !progress.skipped.includes(number))
}

/** The progress after going to the conclusion: the rest of a paragraph that was begun is left unsaid. */
export function conclude(all: readonly Paragraph[], progress: Progress): Progress {
  const skipped = [...progress.skipped, ...toConclusion(all, progress)]
  return { ...progress, skipped, from: all.at(-1)?.sentences[0]?.number }
}

/** How long what is left takes, ms. */
export const remaining = (all: readonly Paragraph[], language: string, progress: Progress): number =>
  ahead(all, progress).reduce((sum, one) => sum + duration(one.text, language), 0)

const marksOf = (text: Id): string => `fairfloor.marks.${text}`
const progressOf = (turn: Id, text: Id): string => `fairfloor.passed.${turn}.${text}`

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? 'null')
  } catch {
    return null
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // Without storage it lasts as long as the page.
  }
}

const numbers = (value: unknown): number[] =>
  Array.isArray(value) ? value.filter((one): one is number => typeof one === 'number') : []

/** The paragraphs that may be dropped: as this delegate marked them on this device, else as the text itself says. */
export const marks = (text: Id, written: readonly number[] = []): Set<number> =>
  new Set(numbers(read(marksOf(text)) ?? written))
export const mark = (text: Id, all: ReadonlySet<number>): void => write(marksOf(text), [...all])

/** How far a text was read in a turn, so that a page that was loaded anew goes on there. */
export function progress(turn: Id, text: Id): Progress {
  const found = (read(progressOf(turn, text)) ?? {}) as Partial<Progress>
  const from = typeof found.from === 'number' ? { from: found.from } : {}
  return { passed: numbers(found.passed), skipped: numbers(found.skipped), ...from }
}
export const note = (turn: Id, text: Id, at: Progress): void => write(progressOf(turn, text), at)
