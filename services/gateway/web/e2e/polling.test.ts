// A delegate behind a proxy that breaks websockets and holds every answer back until it is whole.
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launch } from './browser'
import { open, press } from './person'
import { serve, type Server } from './server'

let browser: Browser
let server: Server

beforeAll(async () => {
  server = await serve()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

/** An HTTP proxy that knows no upgrade and buffers whole answers. */
async function buffering(to: string): Promise<{ origin: string; upgrades: () => number; close: () => void }> {
  const { hostname, port } = new URL(to)
  let upgrades = 0
  const proxy = createServer((asked, answer) => {
    const onward = request({ hostname, port, path: asked.url, method: asked.method, headers: asked.headers }, (got) => {
      const parts: Buffer[] = []
      got.on('data', (part: Buffer) => parts.push(part))
      got.on('end', () => {
        const { connection: _, 'transfer-encoding': __, ...headers } = got.headers
        answer.writeHead(got.statusCode ?? 502, headers)
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
  return { origin: `http://127.0.0.1:${address.port}`, upgrades: () => upgrades, close: () => proxy.close() }
}

it('the live client falls back to long polling where websockets are broken: place, acts and countdown work', async () => {
  const proxy = await buffering(server.origin)
  const chair = await open(browser, server.links.chair)
  const phone = await open(browser, server.links.speaker.replace(server.origin, proxy.origin), {
    width: 390,
    height: 844,
  })
  try {
    await phone.page.locator('[data-status="live"]').waitFor({ timeout: 20_000 })
    expect(proxy.upgrades()).toBeGreaterThan(0)
    await phone.page.getByRole('button', { name: 'I am here' }).click()
    await chair.page.getByText('checked in').filter({ visible: true }).first().waitFor({ timeout: 5000 })
    await press(chair.page, 'start')
    await press(chair.page, 'give', 'n')
    await phone.page.getByText('You have the floor').filter({ visible: true }).first().waitFor({ timeout: 5000 })
    await phone.page.getByRole('button', { name: 'I am speaking' }).click()
    await chair.page.locator('[data-act="end"]').waitFor({ timeout: 5000 })
    const shown = async (person: typeof phone): Promise<number> => {
      const text = await person.page.locator('[data-numeral]').first().innerText()
      const [minutes = NaN, seconds = NaN] = text.split(':').map(Number)
      return 60 * minutes + seconds
    }
    // Both countdowns at the same instant, as far as two questions to a browser can be.
    const [a, b] = await Promise.all([shown(chair), shown(phone)])
    expect(Math.abs(a - b)).toBeLessThanOrEqual(1)
    // Nothing is stale while nothing happens: the answers themselves are the beat.
    for (let i = 0; i < 5; i++) {
      await phone.page.waitForTimeout(1000)
      expect(await phone.page.locator('[data-status]').first().getAttribute('data-status')).toBe('live')
    }
    await phone.page.getByRole('button', { name: 'I am done' }).click()
    await phone.page.getByText('You have spoken. Thank you.').waitFor({ timeout: 5000 })
    // A refused upgrade is said by the browser itself; nothing else may be wrong.
    expect(phone.wrong.filter((line) => !line.includes('WebSocket'))).toEqual([])
  } finally {
    await Promise.all([chair.context.close(), phone.context.close()])
    proxy.close()
  }
})
