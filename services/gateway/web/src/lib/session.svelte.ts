// One session as a page shows it: the server's view as it was said, session time
// whenever a number of it changes, and whether all of that is current. Nothing is guessed: a
// command changes the page only when the server's view has changed.
import { learn } from '../i18n'
import { expectOf } from './act'
import { untilChange } from './clock'
import { runningTurn } from './floor'
import { Live, staleAfter, type State } from './live'
import { check, keep, type Verdict } from './receipts'
import { Transcript } from './transcript.svelte'
import type { Id, Me, Presence, Problem, Receipt, View } from './view'

export type Status = 'loading' | 'live' | 'reconnecting' | 'stale' | 'stopped'

/** How long a control stays busy after its receipt while the view is not there yet, ms. */
const patience = 2000
/** The longest that a page goes without looking at time and line, ms: what else depends on them is late by no more. */
const looksEvery = 250

export interface Refusal {
  verb: string
  problem: Problem
}

export class Session {
  view = $state.raw<View>()
  me = $state.raw<Me>()
  presence = $state.raw<Presence>()
  /** Why the line was stopped for good. */
  problem = $state.raw<Problem>()
  status = $state<Status>('loading')
  /** Seconds since anything was heard. */
  silence = $state(0)
  /** Session time, ms, when a number last changed, at most 250 ms ago; undefined before the clock was measured. */
  now = $state<number>()
  /** The same, once a second: for what need not move on every frame. */
  second = $state<number>()
  /** Verbs that were sent and whose effect is not in the view yet. */
  busy = $state<readonly string[]>([])
  /** The last command that was refused, until it is dismissed or another one is accepted. */
  refusal = $state.raw<Refusal>()

  /** The receipts that this device keeps of its acts here, and what the last check of one said; a bad one stays said. */
  proof = $state<{ kept: number; verdict?: Verdict }>({ kept: 0 })

  /** The captions that this page follows. */
  readonly transcript: Transcript

  private readonly live: Live
  private timer?: ReturnType<typeof setTimeout>
  private arrived: (() => void)[] = []

  constructor(
    readonly id: Id,
    /** The link's token, for what is fetched beside the line. */
    readonly token: string,
  ) {
    this.live = new Live(id, token, this.take)
    this.transcript = new Transcript(this.live)
    document.addEventListener('visibilitychange', this.look)
    this.look()
  }

  close(): void {
    clearTimeout(this.timer)
    document.removeEventListener('visibilitychange', this.look)
    this.live.close()
    this.transcript.close()
  }

  /** Sends a command with what this page shows as its expectation; a refusal is shown until it is dismissed. */
  async act(verb: string, args: Record<string, unknown> = {}, reason?: string): Promise<Receipt | undefined> {
    if (!this.view || this.busy.includes(verb)) return undefined
    this.busy = [...this.busy, verb]
    try {
      const receipt = await this.live.command(verb, args, expectOf(this.view, verb, args), reason)
      void this.prove(receipt)
      if (receipt.problem) await learn()
      if (receipt.outcome === 'refused' && receipt.problem) this.refusal = { verb, problem: receipt.problem }
      else {
        this.refusal = undefined
        await this.reached(receipt.seq ?? 0)
      }
      return receipt
    } finally {
      this.busy = this.busy.filter((other) => other !== verb)
    }
  }

  /**
   * Sends a command that must not be lost and whose refusal the caller shows: several may be on their way, and each is
   * sent again with the same id until its receipt is here.
   */
  async send(verb: string, args: unknown, id?: Id, reason?: string): Promise<Receipt> {
    const receipt = await this.live.command(verb, args, undefined, reason, id)
    void this.prove(receipt)
    return receipt
  }

  /** Keeps a receipt, and looks whether the session's own key signed it. Nobody waits for that. */
  private async prove(receipt: Receipt): Promise<void> {
    const key = this.view?.session.public_key
    if (receipt.outcome === 'refused' || !key) return
    const kept = keep(this.id, receipt)
    const verdict = await check(receipt, key)
    this.proof = { kept, verdict: this.proof.verdict === 'bad' ? 'bad' : verdict }
  }

  /** Tells the server something that is worth nothing later, such as the words that are being typed. */
  tell(frame: Record<string, unknown>): void {
    this.live.tell(frame)
  }

  /** Waits until the view is at or past a log position (decisions.md 28). */
  private async reached(seq: number): Promise<void> {
    const until = performance.now() + patience
    while (this.live.state.seq < seq && performance.now() < until) {
      await new Promise<void>((resolve) => {
        this.arrived.push(resolve)
        setTimeout(resolve, patience)
      })
    }
  }

  private take = (state: State): void => {
    this.view = state.view
    this.me = state.me
    this.presence = state.presence
    this.problem = state.problem
    for (const resolve of this.arrived.splice(0)) resolve()
    this.look()
  }

  /** Session time at this very moment: for what is measured, not shown. */
  exactly(): number | undefined {
    return this.live.now()
  }

  /**
   * Looks at the clock when the next number changes, and no more often: sixty looks a second cost a phone a tenth of a
   * processor for as long as a session lasts, and show nothing else.
   */
  private look = (): void => {
    // The client calls back while it is being made.
    const live = this.live as Live | undefined
    if (!live) return
    this.tick(live)
    const now = live.now()
    const view = live.state.view
    const wait = now === undefined ? looksEvery : untilChange(view && runningTurn(view), now) / live.speed()
    clearTimeout(this.timer)
    this.timer = setTimeout(this.look, Math.min(looksEvery, Math.max(4, Math.ceil(wait))))
  }

  /** Evaluates time and line anew, before anything is painted. */
  private tick(live: Live): void {
    this.now = live.now()
    this.second = this.now === undefined ? undefined : Math.floor(this.now / 1000) * 1000
    const silent = performance.now() - live.heard
    this.silence = Math.floor(silent / 1000)
    if (live.state.line === 'stopped') this.status = 'stopped'
    else if (!live.state.view) this.status = 'loading'
    else if (silent > staleAfter) this.status = 'stale'
    else this.status = live.state.line === 'live' ? 'live' : 'reconnecting'
  }
}
