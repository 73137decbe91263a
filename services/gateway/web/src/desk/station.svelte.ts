// A captioner's place: which track they write, with which source, what is being typed, and what is
// on its way. Everything that must not be lost lies in the browser's own storage until the server
// has acknowledged it.
import { uuid7 } from '../lib/live'
import { Outbox, type Kept } from '../lib/outbox'
import type { Session } from '../lib/session.svelte'
import { idleAfter, portions, sentences } from '../lib/typing'
import type { Id, Problem, Receipt, TrackView } from '../lib/view'

/** A final on its way. */
export interface Line {
  segment: Id
  rev: number
  text: string
  /** Session time at which it was begun and ended, ms. */
  start_ms?: number
  end_ms?: number
}

interface Remembered {
  track: string
  source: Id
  label: string
  kept?: Kept<Line>
  last?: Line
}

/** Most partials in a second (transcripts.md). */
const partialEvery = 250
/** After how long without a final a desk says that it is still there, ms: well before its lease of 60 s ends. */
const renewEvery = 20_000

export class Station {
  /** The track that this desk writes, and its source there. */
  track = $state<string>()
  source = $state<Id>()
  label = $state('')
  text = $state('')
  /** The final that is being edited. */
  editing = $state.raw<Line>()
  /** Finals that are not acknowledged, and those that the server does not take. */
  open = $state(0)
  refused = $state.raw<{ items: Line[]; problem?: Problem }[]>([])
  /** Why nothing goes out. */
  problem = $state.raw<Problem>()
  busy = $state(false)
  last = $state.raw<Line>()

  private outbox?: Outbox<Line>
  private segment = uuid7()
  private begun?: number
  private said = ''
  private saidAt = 0
  private sentAt = 0
  private later?: ReturnType<typeof setTimeout>
  private idle?: ReturnType<typeof setTimeout>
  private renew: ReturnType<typeof setInterval>
  private readonly storage: string

  constructor(private readonly session: Session) {
    this.storage = `fairfloor.desk.${session.id}`
    this.recall()
    this.renew = setInterval(this.stay, renewEvery)
  }

  close(): void {
    clearTimeout(this.later)
    clearTimeout(this.idle)
    clearInterval(this.renew)
  }

  /** The track as the server says it is. */
  get now(): TrackView | undefined {
    return this.track ? this.session.view?.tracks?.[this.track] : undefined
  }

  /** Whether this desk is the one that writes its track. */
  get active(): boolean {
    return this.source !== undefined && this.now?.source?.id === this.source
  }

  /** Opens a source for typing on a track. */
  async sit(track: string, label: string, hears: 'floor' | 'interpretation'): Promise<void> {
    const receipt = await this.ask('open_source', { track, kind: 'typed', label, language: track, hears })
    const source = receipt?.made?.source
    if (!source) return
    this.track = track
    this.source = source
    this.label = label
    this.outbox = this.box()
    this.keep()
  }

  /** Ends this desk's source; what was not sent is kept until then. */
  async leave(): Promise<void> {
    if (this.source) await this.ask('close_source', { source: this.source })
    this.forget()
  }

  takeOver(): Promise<Receipt | undefined> {
    return this.ask('take_track', { track: this.track, source: this.source })
  }

  release(): Promise<Receipt | undefined> {
    return this.ask('release_track', { track: this.track, source: this.source })
  }

  /** Sends what must be answered before something else is done; a refusal is shown by the page. */
  async ask(verb: string, args: Record<string, unknown>, reason?: string): Promise<Receipt | undefined> {
    this.busy = true
    try {
      return await this.session.act(verb, args, reason)
    } finally {
      this.busy = false
    }
  }

  /** The state of the track has changed: what waits may be able to go. */
  look(): void {
    // A batch that was on its way is asked for again in any case: it may have been taken.
    if (this.active || this.outbox?.batch) this.outbox?.go()
  }

  /** Takes what stands in the field after a key. */
  type(text: string): void {
    if (!this.editing) {
      const { finals, rest } = sentences(text)
      for (const final of finals) this.final(final)
      this.text = rest
      if (rest && this.begun === undefined) this.begun = this.session.exactly()
      if (!rest) this.begun = undefined
      clearTimeout(this.idle)
      if (rest.trim()) this.idle = setTimeout(() => this.enter(), idleAfter)
    } else this.text = text
    this.say()
  }

  /** Makes final what stands in the field: Enter, or nothing typed for a while. */
  enter(): void {
    clearTimeout(this.idle)
    const text = this.text.trim()
    const edited = this.editing
    this.text = ''
    if (edited) {
      this.editing = undefined
      if (text && text !== edited.text) this.again(edited, text)
    } else for (const portion of portions(text)) this.final(portion)
    this.say()
  }

  /** Takes the last final back into the field. */
  edit(): void {
    if (!this.last || this.text.trim() || this.editing) return
    this.editing = this.last
    this.text = this.last.text
  }

  cancel(): void {
    if (!this.editing) return
    this.editing = undefined
    this.text = ''
  }

  /** Words that the server did not take were read: they are gone from the page. */
  dismiss(): void {
    if (this.outbox) this.outbox.refused = []
    this.refused = []
  }

  private final(text: string): void {
    const line = { segment: this.segment, rev: 1, text, start_ms: this.instant(this.begun), end_ms: this.instant() }
    this.segment = uuid7()
    this.begun = undefined
    this.said = ''
    this.last = line
    this.outbox?.add(line)
  }

  private again(line: Line, text: string): void {
    const waiting = { ...line, text }
    if (this.outbox?.replace((one) => one.segment === line.segment && one.rev === line.rev, waiting)) {
      this.last = waiting
      return
    }
    const next = { ...line, rev: line.rev + 1, text }
    this.last = next
    this.outbox?.add(next)
  }

  private instant(at = this.session.exactly()): number | undefined {
    return at === undefined ? undefined : Math.round(at)
  }

  /** Sends what is being typed, at most four times a second, the latest for certain. */
  private say(): void {
    const text = this.editing ? '' : this.text.trim()
    if (text === this.said || !this.active) return
    clearTimeout(this.later)
    const wait = this.saidAt + partialEvery - performance.now()
    if (wait > 0) {
      this.later = setTimeout(() => this.say(), wait)
      return
    }
    this.said = text
    this.saidAt = performance.now()
    this.session.tell({
      type: 'partial',
      track: this.track,
      source: this.source,
      epoch: this.now?.epoch,
      segment: this.segment,
      rev: 1,
      text,
      start_ms: this.instant(this.begun),
    })
  }

  /** Says that a desk that writes nothing is still there: its captions say so by themselves. */
  private stay = (): void => {
    const wrote = performance.now() - this.sentAt < renewEvery
    if (this.source && !wrote && this.session.status === 'live')
      void this.session.send('renew_source', { source: this.source })
  }

  private box(kept?: Kept<Line>): Outbox<Line> {
    return new Outbox<Line>(
      {
        args: (segments) =>
          this.active
            ? {
                track: this.track,
                source: this.source,
                epoch: this.now!.epoch,
                segments: segments.map((line) => ({ ...line, time_basis: 'arrival' })),
              }
            : undefined,
        send: (args, id) => {
          this.sentAt = performance.now()
          return this.session.send('caption', args, id)
        },
        keep: () => this.keep(),
        changed: () => {
          this.open = this.outbox?.open ?? 0
          this.refused = this.outbox?.refused ?? []
          this.problem = this.outbox?.problem
        },
      },
      kept,
    )
  }

  private keep(): void {
    if (!this.track || !this.source) return
    const { track, source, label, outbox, last } = this
    const kept = outbox && { waiting: outbox.waiting, batch: outbox.batch }
    try {
      sessionStorage.setItem(this.storage, JSON.stringify({ track, source, label, kept, last } satisfies Remembered))
    } catch {
      // Without storage the words live as long as the page.
    }
  }

  private recall(): void {
    try {
      const found = sessionStorage.getItem(this.storage)
      if (!found) return
      const { track, source, label, kept, last } = JSON.parse(found) as Remembered
      Object.assign(this, { track, source, label, last })
      this.outbox = this.box(kept)
      this.open = this.outbox.open
    } catch {
      // What cannot be read is not ours.
    }
  }

  private forget(): void {
    this.track = this.source = this.last = this.outbox = this.problem = undefined
    this.open = 0
    this.refused = []
    try {
      sessionStorage.removeItem(this.storage)
    } catch {
      // Nothing was kept then.
    }
  }
}
