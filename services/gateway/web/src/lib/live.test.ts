import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Live, type State } from './live'
import type { View } from './view'

/** Every socket that was dialled. */
let sockets: FakeSocket[] = []
/** Every other request: its address, and how the test answers it. */
let asked: { url: string; answer: (ok: boolean) => void; aborted: boolean }[] = []

class FakeSocket {
  static CONNECTING = 0
  static OPEN = 1
  readyState = 0
  sent: Record<string, unknown>[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: (() => void) | null = null
  constructor(readonly url: string) {
    sockets.push(this)
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>)
  }
  close(): void {
    this.readyState = 3
  }
  /** The server takes the connection. */
  open(): void {
    this.readyState = 1
    this.onopen?.()
  }
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
  /** The network breaks it. */
  break(): void {
    this.readyState = 3
    this.onclose?.()
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  sockets = []
  asked = []
  const target = new EventTarget()
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('location', { origin: 'http://x' })
  vi.stubGlobal('document', Object.assign(new EventTarget(), { visibilityState: 'visible' }))
  vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
  vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target))
  vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined })
  vi.stubGlobal(
    'fetch',
    (url: string, { signal }: { signal: AbortSignal }) =>
      new Promise((resolve, reject) => {
        const one = { url, aborted: false, answer: (ok: boolean) => resolve({ ok, json: () => ({ frames: [] }) }) }
        asked.push(one)
        signal.addEventListener('abort', () => {
          one.aborted = true
          reject(new Error('aborted'))
        })
      }),
  )
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function client(): { live: Live; states: State[] } {
  const states: State[] = []
  return { live: new Live('s', 'token', (state) => states.push(state)), states }
}

const snapshot = { type: 'snapshot', at: 'c1', seq: 1, view: {} as View }
const last = (): FakeSocket => sockets.at(-1)!
const polls = (): number => asked.filter(({ url }) => url.includes('/updates')).length

/** Lets `ms` pass, and what was promised meanwhile happen. */
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

describe('a line', () => {
  it('falls back to long polling after two sockets that brought nothing while HTTP worked', async () => {
    const { live } = client()
    for (let i = 0; i < 2; i++) {
      last().break()
      asked.at(-1)!.answer(true)
      await pass(500)
    }
    expect(sockets.length).toBe(2)
    expect(polls()).toBe(1)
    live.close()
  })

  it('does not blame the websocket for a network that swallows everything, however long, nor for one that is back', async () => {
    const { live } = client()
    // Nobody answers: the dialling is given up each time, and so is the question whether HTTP works.
    await pass(60_000)
    const dialled = sockets.length
    expect(dialled).toBeGreaterThan(3)
    // The network is back, and answers all that was ever asked.
    for (const one of asked) one.answer(true)
    await pass(20_000)
    expect(sockets.length).toBeGreaterThan(dialled)
    expect(polls()).toBe(0)
    expect(asked.filter((one) => one.aborted).length).toBeGreaterThanOrEqual(3)
    live.close()
  })

  it('sends a command again with the same id when the line went between the words and their receipt', async () => {
    const { live } = client()
    last().open()
    last().say(snapshot)
    const receipt = live.command('pass', { sentences: [1] }, undefined, undefined, 'id-1')
    const of = (socket: FakeSocket): unknown[] => socket.sent.filter((frame) => frame.type === 'command')
    expect(of(sockets[0]!)).toHaveLength(1)
    last().break()
    await pass(250)
    expect(sockets).toHaveLength(2)
    last().open()
    expect(of(last())).toHaveLength(0)
    last().say(snapshot)
    expect(of(last())).toEqual(of(sockets[0]!))
    last().say({ type: 'receipt', command_id: 'id-1', outcome: 'duplicate' })
    expect((await receipt).outcome).toBe('duplicate')
    live.close()
  })
})
