// Full-text search in the captions of one session, in the browser: 13,000 words are folded and
// searched in milliseconds, nothing about what somebody looks for leaves their device, and it
// works while the line is down. A server's index would be worth it for a thousand sessions.
import { words, type Block } from './captions'
import type { Id } from './view'

export interface Range {
  segment: Id
  /** Offsets in the text that is shown. */
  from: number
  to: number
}

export interface Hit {
  block: string
  /** A phrase may run over the end of a sentence. */
  ranges: Range[]
}

interface Folded {
  text: string
  /** Offset in the original of each character, and one past the end. */
  at: number[]
}

// Marks that do not change the word: accents, Arabic vowel signs and the stretching of letters, soft hyphens.
const silent = /[\p{Mn}\u0640\u00ad\u200b-\u200f]/u
// Letters that people write one for the other.
const alike: Record<string, string> = { أ: 'ا', إ: 'ا', آ: 'ا', ى: 'ي', ة: 'ه', ё: 'е', ß: 'ss', œ: 'oe', æ: 'ae' }

/** A text without case, accents and doubled spaces, with the way back to the original. */
export function fold(text: string): Folded {
  let out = ''
  const at: number[] = []
  let offset = 0
  for (const c of text) {
    for (const d of c.normalize('NFKD').toLowerCase()) {
      if (silent.test(d)) continue
      const plain = /\s/u.test(d) ? ' ' : (alike[d] ?? d)
      if (plain === ' ' && out.endsWith(' ')) continue
      for (let i = 0; i < plain.length; i++) at.push(offset)
      out += plain
    }
    offset += c.length
  }
  at.push(text.length)
  return { text: out, at }
}

const cache = new WeakMap<Block, { text: string; where: { segment: Id; from: number; folded: Folded }[] }>()

function index(block: Block): { text: string; where: { segment: Id; from: number; folded: Folded }[] } {
  const known = cache.get(block)
  if (known) return known
  let text = ''
  const where = block.segments.map((segment) => {
    const folded = fold(words(segment))
    if (text && !text.endsWith(' ')) text += ' '
    const from = text.length
    text += folded.text
    return { segment: segment.segment_id, from, folded }
  })
  const made = { text, where }
  cache.set(block, made)
  return made
}

/** Where a phrase stands, in the order of speaking; nothing for an empty one. */
export function find(blocks: readonly Block[], phrase: string): Hit[] {
  const wanted = fold(phrase.trim()).text
  if (!wanted) return []
  const hits: Hit[] = []
  for (const block of blocks) {
    const { text, where } = index(block)
    for (let i = text.indexOf(wanted); i >= 0; i = text.indexOf(wanted, i + wanted.length)) {
      const ranges = where.flatMap(({ segment, from, folded }): Range[] => {
        const a = Math.max(0, i - from)
        const b = Math.min(folded.text.length, i + wanted.length - from)
        return a < b ? [{ segment, from: folded.at[a]!, to: folded.at[b]! }] : []
      })
      if (ranges.length) hits.push({ block: block.key, ranges })
    }
  }
  return hits
}

/** Cuts a text at its hits; `hit` is the number of the hit that a piece belongs to. */
export function cut(
  text: string,
  marks: readonly { from: number; to: number; hit: number }[],
): { text: string; hit?: number }[] {
  const pieces: { text: string; hit?: number }[] = []
  let at = 0
  for (const { from, to, hit } of marks) {
    if (from > at) pieces.push({ text: text.slice(at, from) })
    pieces.push({ text: text.slice(Math.max(at, from), to), hit })
    at = to
  }
  if (at < text.length) pieces.push({ text: text.slice(at) })
  return pieces
}
