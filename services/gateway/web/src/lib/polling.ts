// The way round broken websockets: the same frames by HTTP alone (decisions.md 31). To the client it looks like a
// socket; each request waits at the server until something has changed, for a moment only, so that every answer is
// also the beat that tells a live line from a dead one.
import type { Id } from './view'

/** How long a request waits at the server, s: below the silence after which a page says that it is stale. */
const waitFor = 2
/** How long after an answer that could not be had the line is given up, ms. */
const giveUp = 6000
/** How often captions are asked for, at most, ms. */
const captionsEvery = 1000

interface Answer {
  cursor: string
  me: string
  frames: Record<string, unknown>[]
}

/** What Live needs of a WebSocket. */
export interface Socket {
  readonly readyState: number
  onopen: (() => void) | null
  onmessage: ((event: { data: unknown }) => void) | null
  onclose: (() => void) | null
  send: (frame: string) => void
  close: () => void
}

export class Polling implements Socket {
  readyState: number = WebSocket.CONNECTING
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null
  private token = ''
  private audience?: string
  private cursor = ''
  private me = ''
  private since = new Map<string, number>()
  private readonly stop = new AbortController()

  constructor(
    private readonly session: Id,
    private readonly base: string,
  ) {
    queueMicrotask(() => {
      if (this.readyState !== WebSocket.CONNECTING) return
      this.readyState = WebSocket.OPEN
      this.onopen?.()
    })
  }

  close(): void {
    if (this.readyState === WebSocket.CLOSED) return
    this.readyState = WebSocket.CLOSED
    this.stop.abort()
    this.onclose?.()
  }

  send(text: string): void {
    if (this.readyState !== WebSocket.OPEN) return
    const frame = JSON.parse(text) as Record<string, unknown>
    switch (frame.type) {
      case 'hello':
        this.token = frame.token as string
        this.audience = frame.audience as string | undefined
        this.cursor = ''
        this.follow(frame)
        void this.poll()
        void this.read()
        return
      case 'tracks':
        return this.follow(frame)
      case 'command':
        return void this.command(frame)
      case 'clock':
        return void this.clock(frame.client_ms as number)
      default:
      // A partial is worth nothing a request later.
    }
  }

  private emit(frame: unknown): void {
    if (this.readyState === WebSocket.OPEN) this.onmessage?.({ data: JSON.stringify(frame) })
  }

  private async ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.base}/api/v1/sessions/${this.session}${path}`, {
      ...init,
      credentials: 'omit',
      cache: 'no-store',
      signal: this.stop.signal,
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/json' },
    })
  }

  /** Waits for what has changed, for ever. */
  private async poll(): Promise<void> {
    let answered = performance.now()
    let wait = 0
    while (this.readyState === WebSocket.OPEN) {
      try {
        const query = new URLSearchParams({ wait: String(wait), since: this.cursor, me: this.me })
        if (this.audience) query.set('audience', this.audience)
        const sent = performance.now()
        const answer = await this.ask(`/updates?${query}`)
        if (answer.ok) {
          const body = (await answer.json()) as Answer
          answered = performance.now()
          this.cursor = body.cursor
          this.me = body.me
          for (const frame of body.frames) this.emit(frame.type === 'clock' ? { ...frame, client_ms: sent } : frame)
          wait = waitFor
          continue
        }
        const problem = (await answer.json().catch(() => ({}))) as { code?: string; retry_after_ms?: number }
        if (problem.code !== 'busy' && problem.code !== 'too_many') {
          this.emit({ type: 'problem', problem })
          break
        }
        await this.pause(problem.retry_after_ms ?? 1000)
      } catch {
        if (performance.now() - answered > giveUp) break
        await this.pause(500)
      }
    }
    this.close()
  }

  /** Measures the clock: both ways, and nothing in between. */
  private async clock(sent: number): Promise<void> {
    try {
      const query = new URLSearchParams({ wait: '0', since: this.cursor, me: this.me })
      if (this.audience) query.set('audience', this.audience)
      const answer = await this.ask(`/updates?${query}`)
      const body = (await answer.json()) as Answer
      const frame = body.frames?.find((one) => one.type === 'clock')
      if (frame) this.emit({ ...frame, client_ms: sent })
    } catch {
      // The next measurement, or the poll itself, tells.
    }
  }

  private async command(frame: Record<string, unknown>): Promise<void> {
    try {
      const answer = await this.ask('/commands', { method: 'POST', body: JSON.stringify(frame) })
      const body = (await answer.json()) as Record<string, unknown>
      if (answer.ok) this.emit({ ...body, type: 'receipt' })
      else this.emit({ type: 'receipt', command_id: frame.id, outcome: 'refused', problem: body })
    } catch {
      // Nobody knows what became of it: the same id again, which the server takes once at most.
      this.emit({
        type: 'receipt',
        command_id: frame.id,
        outcome: 'refused',
        problem: { code: 'unknown', title: '', status: 0 },
      })
    }
  }

  private follow(frame: Record<string, unknown>): void {
    const since = (frame.captions_since ?? {}) as Record<string, number>
    this.since = new Map(((frame.tracks ?? []) as string[]).map((track) => [track, since[track] ?? 0]))
  }

  /** Reads what was said in the tracks that are followed. */
  private async read(): Promise<void> {
    while (this.readyState === WebSocket.OPEN) {
      for (const [track, since] of this.since) {
        try {
          const answer = await this.ask(`/transcript/${encodeURIComponent(track)}?since=${since}`)
          if (!answer.ok) continue
          const frame = (await answer.json()) as { seq: number }
          if (frame.seq > since && this.since.has(track)) {
            this.since.set(track, frame.seq)
            this.emit({ ...frame, type: 'caption' })
          }
        } catch {
          // Asked again in a moment.
        }
      }
      await this.pause(captionsEvery)
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
  }
}
