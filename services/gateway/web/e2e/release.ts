// The server before and after a new build, for a page that was open meanwhile.
import { createServer, request as ask } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Release {
  origin: string
  /** What the names of the new build's scripts hold. */
  mark: string
  /** Serves the new build from here on, and the old one's scripts no more. */
  renew: () => void
  cut: () => void
  close: () => Promise<void>
}

/**
 * The server as it is before and after a new build: every script has another name then, in every text that names it,
 * and the old names are not there.
 */
export async function renewable(to: string): Promise<Release> {
  const mark = '.second.js'
  let renewed = false
  const target = new URL(to)
  const proxy = createServer((near, answer) => {
    let path = near.url ?? '/'
    const script = path.startsWith('/assets/') && path.endsWith('.js')
    if (renewed && script) {
      if (!path.endsWith(mark)) return void answer.writeHead(404).end()
      path = path.replace(mark, '.js')
    }
    const far = ask(
      {
        host: target.hostname,
        port: target.port,
        path,
        method: near.method,
        headers: { ...near.headers, 'accept-encoding': 'identity' },
      },
      (came) => {
        const type = came.headers['content-type'] ?? ''
        if (!renewed || !/javascript|html/.test(type)) {
          answer.writeHead(came.statusCode ?? 502, came.headers)
          return void came.pipe(answer)
        }
        const parts: Buffer[] = []
        came.on('data', (part: Buffer) => parts.push(part))
        came.on('end', () => {
          let text = Buffer.concat(parts).toString()
          text = text.replaceAll(/([\w.-]+-[\w-]{8})\.js\b/g, `$1${mark}`)
          if (path === '/sw.js') text = text.replace(/"?id"?:\s*["'`][0-9a-f]{12}["'`]/, 'id:"second"')
          const headers = { ...came.headers, 'content-length': String(Buffer.byteLength(text)) }
          delete headers.etag
          delete headers['last-modified']
          answer.writeHead(came.statusCode ?? 502, headers).end(text)
        })
      },
    )
    far.on('error', () => answer.destroy())
    near.pipe(far)
  })
  proxy.on('upgrade', (near, socket, head) => {
    const far = ask({ host: target.hostname, port: target.port, path: near.url, headers: near.headers })
    far.on('upgrade', (came, other) => {
      const lines = Object.entries(came.headers).map(([name, value]) => `${name}: ${String(value)}`)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`)
      other.write(head)
      for (const [one, two] of [
        [socket, other],
        [other, socket],
      ] as const) {
        one.pipe(two)
        one.on('error', () => two.destroy())
        one.on('close', () => two.destroy())
      }
    })
    far.on('error', () => socket.destroy())
    far.end()
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const { port } = proxy.address() as AddressInfo
  const stop = (): void => {
    proxy.closeAllConnections()
    proxy.close()
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    mark,
    renew: () => (renewed = true),
    cut: stop,
    close: () => {
      stop()
      return Promise.resolve()
    },
  }
}
