// What an office's proxy does to a live page: it breaks websockets and holds every answer back until it is whole.
import { once } from 'node:events'
import { createServer, request } from 'node:http'

export interface Buffering {
  /** The server's address by way of the proxy. */
  origin: string
  /** How many websockets it has broken. */
  upgrades: () => number
  /** How many answers it has passed on, each in one piece. */
  answers: () => number
  close: () => void
}

/** An HTTP proxy that knows no upgrade and buffers whole answers. */
export async function buffering(to: string): Promise<Buffering> {
  const { hostname, port } = new URL(to)
  let upgrades = 0
  let answers = 0
  const proxy = createServer((asked, answer) => {
    const onward = request({ hostname, port, path: asked.url, method: asked.method, headers: asked.headers }, (got) => {
      const parts: Buffer[] = []
      got.on('data', (part: Buffer) => parts.push(part))
      got.on('end', () => {
        const { connection: _, 'transfer-encoding': __, ...headers } = got.headers
        answer.writeHead(got.statusCode ?? 502, headers)
        answers++
        answer.end(Buffer.concat(parts))
      })
    })
    onward.on('error', () => answer.destroy())
    asked.pipe(onward)
  })
  proxy.on('upgrade', (_request, socket) => {
    upgrades++
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    upgrades: () => upgrades,
    answers: () => answers,
    close: () => proxy.close(),
  }
}
