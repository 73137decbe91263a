// The captions of a track as the gateway sends them (pkg/api): finals and corrections in the
// order of their seq, each taken exactly once; a gap is noticed and asked for again; the
// changing partial stands apart and is never stored.
import type { Id } from './view'

export type SegmentState = 'partial' | 'final' | 'corrected' | 'redacted' | 'retracted'
export type SourceKind = 'typed' | 'push' | 'engine' | 'script'

export interface Word {
  text: string
  start_ms: number
  end_ms: number
  confidence?: number
}

/** One stretch of speech. Times are session time, ms since 1970. */
export interface Segment {
  track: string
  /** The track's gapless number of this revision; partials have none. */
  seq?: number
  segment_id: Id
  rev: number
  state: SegmentState
  text: string
  words?: Word[] | null
  start_ms: number
  end_ms: number
  time_basis?: 'audio' | 'source' | 'arrival'
  turn?: Id
  entry?: Id
  speaker: { participant?: Id; label?: string; chair?: boolean }
  speaker_basis?: 'floor' | 'chevron' | 'source' | 'editor'
  source_id?: Id
  source_kind?: SourceKind
  prepared?: boolean
  edited?: boolean
  of?: { segment: Id; rev: number }
  stale?: boolean
  confidence?: number
  captured_at?: number
  received_at?: number
}

export interface CaptionFrame {
  track: string
  /** The cursor that the frame continues; it takes the client from there to `seq`. */
  from?: number
  seq: number
  segments: Segment[] | null
}

/** How long a partial is shown when nothing follows it, ms: its source has gone. */
export const partialFor = 15_000

/** Sentences of one speaker that stand together under one name and one time. */
export interface Block {
  key: string
  segments: Segment[]
}

/** How many segments stand together at most, so that name and time come again in a long statement. */
const together = 8

/** One track's captions. Lists are new objects whenever something in them changed. */
export class Captions {
  /** Everything up to this number was taken. */
  seq = 0
  /** In the order in which it was spoken. */
  segments: readonly Segment[] = []
  blocks: readonly Block[] = []
  partial?: Segment
  /** Local time at which the partial came, ms. */
  private heard = 0
  /** First seq of each segment: its place among those of the same instant, whatever is corrected later. */
  private readonly first = new Map<Id, number>()
  private readonly known = new Map<Id, Segment>()

  constructor(readonly track: string) {}

  /** Takes a frame; gives false when something before it is missing, so that it has to be asked for from `seq` on. */
  take(frame: CaptionFrame): boolean {
    const news = (frame.segments ?? []).filter((segment) => (segment.seq ?? 0) > this.seq)
    const from = frame.from ?? (frame.segments?.[0]?.seq ?? frame.seq + 1) - 1
    if (from > this.seq) return false
    for (const segment of news) this.put(segment)
    this.seq = Math.max(this.seq, frame.seq, ...news.map((segment) => segment.seq ?? 0))
    if (news.length) this.arrange()
    return true
  }

  /** Takes the words that are being said, the latest only. */
  say(segment: Segment, now: number): void {
    const known = this.known.get(segment.segment_id)
    // Nothing that is final becomes tentative again: a partial that was late on its way is dropped.
    if (known && known.rev >= segment.rev) return
    this.partial = segment.text ? segment : undefined
    this.heard = now
  }

  /** Drops a partial that nothing followed; tells whether there was one. */
  expire(now: number): boolean {
    if (!this.partial || now - this.heard <= partialFor) return false
    this.partial = undefined
    return true
  }

  private put(segment: Segment): void {
    const id = segment.segment_id
    const known = this.known.get(id)
    if (known && known.rev > segment.rev) return
    if (!this.first.has(id)) this.first.set(id, segment.seq ?? 0)
    this.known.set(id, segment)
    if (this.partial?.segment_id === id) this.partial = undefined
  }

  private arrange(): void {
    const order = (a: Segment, b: Segment): number =>
      a.start_ms - b.start_ms || this.first.get(a.segment_id)! - this.first.get(b.segment_id)!
    this.segments = [...this.known.values()].filter((segment) => segment.state !== 'retracted').sort(order)
    this.blocks = group(this.segments, this.blocks)
  }
}

const sameSpeaker = (a: Segment, b: Segment): boolean =>
  a.turn === b.turn &&
  (a.speaker.chair ?? false) === (b.speaker.chair ?? false) &&
  a.speaker.participant === b.speaker.participant &&
  a.speaker.label === b.speaker.label

/** Puts segments into blocks; a block in which nothing changed stays the same object, so that only what is new is drawn. */
export function group(segments: readonly Segment[], before: readonly Block[] = []): Block[] {
  const old = new Map(before.map((block) => [block.key, block]))
  const blocks: Block[] = []
  for (const segment of segments) {
    const last = blocks.at(-1)
    if (last && last.segments.length < together && sameSpeaker(last.segments[0]!, segment)) last.segments.push(segment)
    else blocks.push({ key: segment.segment_id, segments: [segment] })
  }
  return blocks.map((block) => {
    const was = old.get(block.key)
    const same =
      was?.segments.length === block.segments.length && was.segments.every((one, i) => one === block.segments[i])
    return same ? was : block
  })
}

/** What is shown of a segment; nothing of what was redacted. */
export const words = (segment: Segment): string => (segment.state === 'redacted' ? '' : segment.text)

/** Whether a segment was changed after it was said. */
export const edited = (segment: Segment): boolean => segment.state === 'corrected' || segment.edited === true

const rightToLeft = new Set(['ar', 'fa', 'he', 'ur', 'ps', 'yi', 'dv', 'ckb'])

/** The direction of a track's script. */
export function directionOf(track: string): 'ltr' | 'rtl' {
  const [language = '', script] = track.toLowerCase().split('-')
  return rightToLeft.has(language) || script === 'arab' || script === 'hebr' ? 'rtl' : 'ltr'
}

/** The name of a language in the language of the page. */
export function languageName(tag: string, locale: string): string {
  try {
    return new Intl.DisplayNames([locale], { type: 'language' }).of(tag) ?? tag
  } catch {
    return tag
  }
}

/** The track that somebody follows: the one they chose, else one of their language, else the first. */
export function chooseTrack(tracks: readonly string[], wished: readonly string[]): string | undefined {
  for (const wish of wished) {
    const tag = wish.toLowerCase()
    const found =
      tracks.find((track) => track.toLowerCase() === tag) ??
      tracks.find((track) => track.toLowerCase().split('-')[0] === tag.split('-')[0])
    if (found) return found
  }
  return tracks[0]
}
