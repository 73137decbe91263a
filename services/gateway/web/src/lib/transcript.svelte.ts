// The captions that a page follows, beside the view on the same line: asked for at hello and
// whenever the choice changes, continued from the last seq after a reconnect, asked for again
// when something is missing.
import { Captions, type Block, type CaptionFrame, type Segment } from './captions'
import type { Beside, Live } from './live'

/** One track as a page shows it. */
export interface Shown {
  segments: readonly Segment[]
  blocks: readonly Block[]
  partial?: Segment
  seq: number
}

/** A frame of so many segments is part of a backlog; the next is waited for this long, ms. */
const backlog = 32
const gather = 30

const nothing: Shown = { segments: [], blocks: [], seq: 0 }

type Line = Pick<Live, 'tell'> & { beside?: Beside }

export class Transcript {
  private shown = $state.raw<Record<string, Shown>>({})
  private followed: readonly string[] = []
  private readonly tracks = new Map<string, Captions>()
  private timer?: ReturnType<typeof setInterval>
  private later?: ReturnType<typeof setTimeout>

  constructor(private readonly line: Line) {
    line.beside = { hello: this.ask, take: this.take }
  }

  /** What is known of a track; nothing of one that is not followed. */
  of(track: string | undefined): Shown {
    return (track && this.shown[track]) || nothing
  }

  /** Follows these tracks from now on, from their beginning, or from where they were left. */
  follow(tracks: readonly string[]): void {
    if (tracks.join() === this.followed.join()) return
    this.followed = [...tracks]
    for (const track of tracks) if (!this.tracks.has(track)) this.tracks.set(track, new Captions(track))
    this.line.tell({ type: 'tracks', ...this.ask() })
    clearInterval(this.timer)
    if (tracks.length) this.timer = setInterval(this.look, 1000)
  }

  close(): void {
    clearTimeout(this.later)
    clearInterval(this.timer)
  }

  /** Nothing for somebody who follows nothing. */
  private ask = (): Record<string, unknown> =>
    this.followed.length
      ? {
          tracks: this.followed,
          captions_since: Object.fromEntries(this.followed.map((track) => [track, this.tracks.get(track)!.seq])),
        }
      : { tracks: [] }

  private take = (frame: Record<string, unknown>): void => {
    const captions = this.tracks.get(frame.track as string)
    if (!captions || !this.followed.includes(captions.track)) return
    if (frame.type === 'caption') {
      if (!captions.take(frame as unknown as CaptionFrame)) this.line.tell({ type: 'tracks', ...this.ask() })
      // A late joiner's backlog comes in many frames: it is drawn once they are here, not with each.
      if (((frame.segments as unknown[] | null)?.length ?? 0) >= backlog) {
        clearTimeout(this.later)
        this.later = setTimeout(() => this.show(captions), gather)
        return
      }
    } else if (frame.type === 'partial') captions.say(frame.segment as Segment, performance.now())
    else return
    this.show(captions)
  }

  private look = (): void => {
    for (const captions of this.tracks.values()) if (captions.expire(performance.now())) this.show(captions)
  }

  private show({ track, segments, blocks, partial, seq }: Captions): void {
    this.shown = { ...this.shown, [track]: { segments, blocks, partial, seq } }
  }
}
