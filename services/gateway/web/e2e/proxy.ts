// A line as a phone has it: a TCP proxy before the server that can be cut, fall silent, and be slow.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface Line {
  /** The server's address by way of this line. */
  origin: string
  /** Breaks every connection and takes no new one. */
  cut: () => void
  /** Carries nothing more, and says nothing: a dead network, of which neither side is told. */
  hold: () => void
  /** Holds back what comes from the server alone: what is asked arrives, and no answer comes. */
  holdAnswers: () => void
  /** Takes connections again, and carries what was held back, as the network's own repeats would. */
  mend: () => void
  close: () => Promise<void>
}

export interface Quality {
  /** How long a byte is on its way in each direction, ms: half of the round trip. */
  delay?: number
  /** How many bytes it carries in a second, in each direction. */
  rate?: number
}

/** 3G with a round trip of 400 ms. */
export const threeG: Quality = { delay: 200, rate: 200_000 }

/** A new line to the server at `to`. */
export async function line(to: string, { delay = 0, rate = Infinity }: Quality = {}): Promise<Line> {
  const { hostname, port } = new URL(to)
  const open = new Set<Socket>()
  let whole = true
  const held = { up: false, down: false }
  let waiting: (() => void)[] = []

  /** Carries one direction of a connection: in order, at most at the rate, each byte after the delay. */
  function carry(from: Socket, on: Socket, way: 'up' | 'down'): void {
    let free = 0
    const write = (chunk: Buffer): void => {
      if (held[way]) waiting.push(() => write(chunk))
      else if (on.writable) on.write(chunk)
    }
    // One timer for the first that is on its way: several would not keep their order.
    const coming: { due: number; chunk: Buffer }[] = []
    const arrive = (): void => {
      while (coming[0] && coming[0].due <= performance.now()) write(coming.shift()!.chunk)
      if (coming[0]) setTimeout(arrive, Math.max(1, coming[0].due - performance.now()))
    }
    from.on('data', (chunk: Buffer) => {
      if (!delay && rate === Infinity) return write(chunk)
      free = Math.max(performance.now(), free) + (1000 * chunk.length) / rate
      coming.push({ due: free + delay, chunk })
      if (coming.length === 1) arrive()
    })
  }

  const proxy = createServer((near) => {
    near.on('error', () => undefined)
    if (!whole) return void near.destroy()
    const far = connect(Number(port), hostname)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one)
      one.setNoDelay()
      one.on('error', () => undefined)
      one.on('close', () => {
        open.delete(one)
        // On a slow line the end comes after what was said before it.
        setTimeout(() => other.destroy(), delay && delay + 50)
      })
    }
    carry(near, far, 'up')
    carry(far, near, 'down')
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  const cut = (): void => {
    whole = false
    waiting = []
    for (const socket of open) socket.destroy()
  }
  return {
    origin: `http://127.0.0.1:${address.port}`,
    cut,
    hold: () => (held.up = held.down = true),
    holdAnswers: () => (held.down = true),
    mend: () => {
      whole = true
      held.up = held.down = false
      for (const write of waiting.splice(0)) write()
    },
    close: async () => {
      cut()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
