// Names and terms that are offered to a captioner in place of what was typed: nearly all
// corrections in a real corrected transcript were names.
import { fold } from './search'
import type { Term, View } from './view'

export interface Offer {
  from: number
  to: number
  wrong: string
  right: string
}

/** The glossary with the names of this session's organisations and delegates, as far as this page may know them. */
export function terms(view: View, glossary: readonly Term[]): Term[] {
  const all = [...glossary]
  const known = new Set(all.map((term) => fold(term.right).text))
  const add = (right: string | undefined): void => {
    if (!right || known.has(fold(right).text)) return
    known.add(fold(right).text)
    all.push({ right })
  }
  for (const applicant of Object.values(view.applicants)) add(applicant.organisation)
  for (const person of Object.values(view.persons ?? {})) if (!person.erased) add(person.name)
  return all
}

const wordsOf = (text: string): { text: string; from: number; to: number }[] =>
  [...text.matchAll(/[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}'’.-]*/gu)].map((match) => {
    const word = match[0].replace(/['’.-]+$/u, '')
    return { text: word, from: match.index, to: match.index + word.length }
  })

/** Names shorter than this are too like other words to be guessed from a misspelling. */
const guessFrom = 5

/**
 * What is offered for a text: an exact `wrong` of the glossary, or a name that differs from what stands there by one
 * letter, or by two in a long name. The latest place first, at most `most`.
 */
export function offers(text: string, glossary: readonly Term[], most = 3): Offer[] {
  const found: Offer[] = []
  const there = wordsOf(text)
  for (const { wrong, right } of glossary) {
    const names = wordsOf(wrong || right).map((word) => fold(word.text).text)
    if (!names.length) continue
    for (let i = 0; i + names.length <= there.length; i++) {
      const run = there.slice(i, i + names.length)
      const [from, to] = [run[0]!.from, run.at(-1)!.to]
      const written = text.slice(from, to)
      if (written === right) continue
      const far = run.reduce((sum, word, k) => sum + distance(fold(word.text).text, names[k]!), 0)
      const length = names.join('').length
      const near = length < guessFrom ? 0 : length < 9 ? 1 : 2
      // Without a `wrong` only a misspelling is offered, not another use of capitals.
      if (wrong ? far === 0 : far > 0 && far <= near) found.push({ from, to, wrong: written, right })
    }
  }
  const free = found
    .toSorted((a, b) => b.from - a.from || b.to - a.to)
    .filter((offer, i, all) => !all.slice(0, i).some((other) => offer.from < other.to && other.from < offer.to))
  return free.slice(0, most)
}

/** Puts what is offered into the text. */
export const accept = (text: string, offer: Offer): string =>
  text.slice(0, offer.from) + offer.right + text.slice(offer.to)

/** Levenshtein distance, given up beyond 2. */
export function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return Math.min(3, row[b.length]!)
}
