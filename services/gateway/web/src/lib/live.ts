// One typed client of the live protocol (pkg/api): the view as the server said
// it, never guessed; resume at the cursor; the clock; commands that are sent
// again with the same id until their receipt is here.
import { add, sessionTime, type ClockAnswer, type Sample } from './clock'
import { merge } from './merge'
import { Polling, type Socket } from './polling'
import type { Audience, Expect, Id, Me, Presence, Problem, Receipt, View } from './view'

export type Line = 'connecting' | 'live' | 'reconnecting' | 'stopped'

export interface State {
  view?: View
  me?: Me
  presence?: Presence
  line: Line
  /** Log position of the view: a receipt at or before it is in the view already. */
  seq: number
  /** Why the line was stopped for good. */
  problem?: Problem
}

/** What else is spoken on the line beside the view: the captions. */
export interface Beside {
  /** What the first frame says of it. */
  hello: () => Record<string, unknown>
  /** Takes a frame that this client does not know itself. */
  take: (frame: Record<string, unknown>) => void
}

interface Pending {
  frame: string
  resolve: (receipt: Receipt) => void
  timer?: ReturnType<typeof setTimeout>
}

/** A UUIDv7 (RFC 9562, 5.7): the command's idempotency key. */
export function uuid7(now = Date.now()): Id {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  for (let i = 0, t = now; i < 6; i++, t = Math.floor(t / 256)) bytes[5 - i] = t % 256
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Silence after which the page must say that it is stale, ms (decisions.md 11). */
export const staleAfter = 3000
/** Silence after which the line is given up and made anew, ms: a phone's dead network says nothing. */
const deadAfter = 7000
/** How long a connection may take until its view is here, ms. */
const dialFor = 10_000
/** How long HTTP may take to show that it works where a socket did not, ms. */
const blameFor = 3000
/** How often the clock is measured again, ms: eight samples bound a drift of 100 ppm to 10 ms. */
const measureEvery = 12_000
/** Difference of the two clocks of the browser that means the device slept, ms. */
const sleptBy = 50
const firstBackoff = 250
const mostBackoff = 8000

/** Codes after which connecting again cannot help. */
const final = new Set(['unauthorised', 'forbidden', 'not_found'])

export class Live {
  state: State = { line: 'connecting', seq: 0 }
  /** performance.now() of the last frame. */
  heard = 0
  beside?: Beside
  private samples: Sample[] = []
  private socket?: Socket
  /** Sockets in a row that never brought a view while HTTP worked: after two of them the same is tried by HTTP alone. */
  private broken = 0
  private cursor = ''
  private ready = false
  private backoff = firstBackoff
  private timer?: ReturnType<typeof setTimeout>
  private pending = new Map<Id, Pending>()
  private closed = false
  private watch?: ReturnType<typeof setInterval>
  private measured = 0
  private dialled = 0
  /** Date.now() - performance.now(): it jumps when the device sleeps, because only one of the two runs on. */
  private between = Date.now() - performance.now()

  constructor(
    private readonly session: Id,
    private readonly token: string,
    private readonly changed: (state: State) => void,
    private readonly audience?: Audience,
    private readonly base = location.origin,
  ) {
    this.connect()
    this.watch = setInterval(this.look, 1000)
    addEventListener('visibilitychange', this.woke)
    addEventListener('online', this.woke)
    // A page that was frozen or kept aside is shown again without a change of visibility.
    document.addEventListener('resume', this.woke)
    addEventListener('pageshow', this.woke)
  }

  close(): void {
    this.closed = true
    clearInterval(this.watch)
    removeEventListener('visibilitychange', this.woke)
    removeEventListener('online', this.woke)
    document.removeEventListener('resume', this.woke)
    removeEventListener('pageshow', this.woke)
    clearTimeout(this.timer)
    this.socket?.close()
  }

  /** Session time now, or undefined before the clock was measured. */
  now(): number | undefined {
    return sessionTime(this.samples, performance.now())
  }

  /** How many ms of session time pass in one of the browser's. */
  speed(): number {
    return (this.samples.at(-1)?.permille ?? 1000) / 1000
  }

  /** Whether nothing was heard for too long, or the line is down. */
  stale(): boolean {
    return this.state.line !== 'live' || performance.now() - this.heard > staleAfter
  }

  /** Asks for something; gives the receipt, whose problem says why it was refused. The id is that of an earlier try, if any. */
  command(verb: string, args: unknown, expect?: Expect, reason?: string, id = uuid7()): Promise<Receipt> {
    const frame = JSON.stringify({ type: 'command', id, verb, args, expect, reason })
    return new Promise((resolve) => {
      this.pending.set(id, { frame, resolve })
      this.send(frame)
    })
  }

  /** Sends a frame that is worth nothing later: it is dropped while the line is down. */
  tell(frame: Record<string, unknown>): void {
    this.send(JSON.stringify(frame))
  }

  private send(frame: string): void {
    if (this.ready && this.socket?.readyState === WebSocket.OPEN) this.socket.send(frame)
  }

  /** Back from the background or from a dead network: look at the line at once. */
  private woke = (): void => {
    if (document.visibilityState !== 'visible') return
    if (this.ready && performance.now() - this.heard > staleAfter) this.drop()
    if (this.ready) this.measure()
    else if (this.timer) {
      clearTimeout(this.timer)
      this.connect()
    }
  }

  /** Once a second: is the line dead, is it time to measure the clock again? */
  private look = (): void => {
    if (!this.ready) {
      if (!this.timer && performance.now() - this.dialled > dialFor) this.drop()
    } else if (performance.now() - this.heard > deadAfter) this.drop()
    else if (performance.now() - this.measured > measureEvery) this.measure()
  }

  /** Gives a line up without waiting for the other side to agree. */
  private drop(): void {
    const socket = this.socket
    if (!socket) return
    socket.onopen = socket.onmessage = socket.onclose = null
    socket.close()
    this.lost(socket)
  }

  /** Session time is measured by performance.now(), which may stand while the device sleeps. */
  private slept(): boolean {
    const between = Date.now() - performance.now()
    const jumped = Math.abs(between - this.between) > sleptBy
    this.between = between
    return jumped
  }

  private update(change: Partial<State>): void {
    this.state = { ...this.state, ...change }
    this.changed(this.state)
  }

  private connect(): void {
    if (this.closed) return
    this.timer = undefined
    // After two sockets without a view the next attempt is by HTTP, so that a proxy that breaks websockets costs
    // seconds; when that is lost too, a socket is tried again.
    const socket = this.broken >= 2 ? new Polling(this.session, this.base) : this.upgrade()
    this.socket = socket
    this.dialled = performance.now()
    socket.onopen = () =>
      socket.send(
        JSON.stringify({
          type: 'hello',
          token: this.token,
          since: this.cursor,
          audience: this.audience,
          ...this.beside?.hello(),
        }),
      )
    socket.onmessage = (event) => this.frame(JSON.parse(event.data as string) as Record<string, unknown>)
    socket.onclose = () => this.lost(socket)
  }

  private upgrade(): Socket {
    const url = `${this.base.replace(/^http/, 'ws')}/api/v1/sessions/${this.session}/live`
    return new WebSocket(url, 'fairfloor.v1.json') as Socket
  }

  /**
   * A socket that brought no view is the websocket's fault only while HTTP works: a network that is away breaks both.
   * It has to work at once: an answer that comes when the network is back again says nothing of the time before.
   */
  private async blame(): Promise<void> {
    const asked = new AbortController()
    const late = setTimeout(() => asked.abort(), blameFor)
    const answer = await fetch(`${this.base}/healthz`, {
      credentials: 'omit',
      cache: 'no-store',
      signal: asked.signal,
    }).catch(() => undefined)
    clearTimeout(late)
    // By now another socket may have brought the view: then there is nothing to blame.
    if (!this.ready) this.broken = answer?.ok ? this.broken + 1 : 0
  }

  private lost(socket: Socket): void {
    if (socket !== this.socket) return
    if (this.ready || socket instanceof Polling) this.broken = 0
    else void this.blame()
    this.ready = false
    if (this.closed || this.state.line === 'stopped' || this.timer) return
    this.update({ line: this.state.view ? 'reconnecting' : 'connecting' })
    this.timer = setTimeout(() => this.connect(), this.backoff / 2 + (Math.random() * this.backoff) / 2)
    this.backoff = Math.min(mostBackoff, this.backoff * 2)
  }

  private frame(frame: Record<string, unknown>): void {
    this.heard = performance.now()
    switch (frame.type) {
      case 'snapshot':
        this.cursor = frame.at as string
        this.update({ view: frame.view as View, seq: frame.seq as number, line: 'live', problem: undefined })
        return this.open()
      case 'patch':
        return this.patch(frame)
      case 'me':
        return this.update({ me: frame as unknown as Me })
      case 'presence':
        return this.update({ presence: frame as unknown as Presence })
      case 'beat':
        // A position that changed nothing of the view, such as a caption's, comes with a beat.
        if ((frame.seq as number) > this.state.seq) this.update({ seq: frame.seq as number })
        return
      case 'receipt':
        return this.receipt(frame as unknown as Receipt)
      case 'clock':
        this.samples = add(this.samples, frame as unknown as ClockAnswer, performance.now())
        if (this.samples.length < 5) this.measure()
        return this.changed(this.state)
      case 'problem':
        return this.problem(frame.problem as Problem, frame.id as Id | undefined)
      case 'bye':
        this.backoff = Math.max(this.backoff, (frame.retry_after_ms as number | undefined) ?? 0)
        return
      default:
        this.beside?.take(frame)
    }
  }

  private patch(frame: Record<string, unknown>): void {
    if (frame.from !== this.cursor || !this.state.view) {
      // Not ours to apply: come back without a cursor and get a snapshot.
      this.cursor = ''
      this.drop()
      return
    }
    this.cursor = frame.to as string
    const view = merge(this.state.view, frame.patch) as View
    this.update({ view, seq: frame.seq as number, line: 'live' })
    this.open()
  }

  /** The view is here: measure the clock and send what waits for a receipt again. */
  private open(): void {
    if (this.ready) return
    this.ready = true
    this.backoff = firstBackoff
    this.samples = []
    this.measure()
    for (const { frame } of this.pending.values()) this.send(frame)
  }

  private measure(): void {
    if (this.slept()) this.samples = []
    this.measured = performance.now()
    this.send(JSON.stringify({ type: 'clock', client_ms: performance.now() }))
  }

  private receipt(receipt: Receipt): void {
    const pending = this.pending.get(receipt.command_id)
    if (!pending) return
    const again = receipt.problem?.code
    if (again === 'busy' || again === 'unknown' || again === 'too_many') {
      // "Not now": the same id again, which the server takes once at most.
      pending.timer = setTimeout(() => this.send(pending.frame), receipt.problem?.retry_after_ms || 500)
      return
    }
    this.pending.delete(receipt.command_id)
    pending.resolve(receipt)
  }

  private problem(problem: Problem, id?: Id): void {
    if (id && this.pending.has(id)) return this.receipt({ command_id: id, outcome: 'refused', problem })
    if (this.state.view && !final.has(problem.code)) return
    if (final.has(problem.code)) {
      this.update({ problem, line: 'stopped' })
      this.socket?.close()
    } else this.update({ problem })
  }
}
