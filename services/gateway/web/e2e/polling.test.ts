// A delegate behind a proxy that breaks websockets and holds every answer back until it is whole.
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buffering } from './buffering'
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

/** Every state of the line that the page shows within some ms, however briefly. */
async function states(ms: number): Promise<string[]> {
  const shown = new Set<string>()
  const note = (): void => {
    shown.add(document.querySelector<HTMLElement>('[data-status]')?.dataset.status ?? '')
  }
  note()
  const watch = new MutationObserver(note)
  watch.observe(document.body, { subtree: true, attributes: true, attributeFilter: ['data-status'], childList: true })
  await new Promise((done) => setTimeout(done, ms))
  watch.disconnect()
  return [...shown]
}

it('the live client falls back to long polling where websockets are broken: place, acts and countdown work', async () => {
  const proxy = await buffering(server.origin)
  const chair = await open(browser, server.links.chair)
  const phone = await open(browser, server.links.speaker.replace(server.origin, proxy.origin), {
    width: 390,
    height: 844,
  })
  try {
    await phone.page.locator('[data-status="live"]').waitFor({ timeout: 30_000 })
    expect(proxy.upgrades()).toBeGreaterThan(0)
    await phone.page.getByRole('button', { name: 'I am here' }).click()
    await chair.page.getByText('checked in').filter({ visible: true }).first().waitFor({ timeout: 30_000 })
    await press(chair.page, 'start')
    await press(chair.page, 'give', 'n')
    await phone.page.getByText('You have the floor').filter({ visible: true }).first().waitFor({ timeout: 30_000 })
    await phone.page.getByRole('button', { name: 'I am speaking' }).click()
    await chair.page.locator('[data-act="end"]').waitFor({ timeout: 30_000 })
    const shown = async (person: typeof phone): Promise<number> => {
      const text = await person.page.locator('[data-numeral]').first().innerText()
      const [minutes = NaN, seconds = NaN] = text.split(':').map(Number)
      return 60 * minutes + seconds
    }
    // Both countdowns at the same instant, as far as two questions to a browser can be.
    const apart = async (): Promise<number> => {
      const [a, b] = await Promise.all([shown(chair), shown(phone)])
      return Math.abs(a - b)
    }
    await expect.poll(apart, { timeout: 20_000 }).toBeLessThanOrEqual(1)
    // Nothing is stale while nothing happens, for longer than the silence that would make it so: the answers
    // themselves are the beat.
    // Looked at again where the machine itself stood still for that long: a client that is stale by itself always is.
    await expect.poll(() => phone.page.evaluate(states, 4500), { timeout: 40_000 }).toEqual(['live'])
    await phone.page.getByRole('button', { name: 'I am done' }).click()
    await phone.page.getByText('You have spoken. Thank you.').waitFor({ timeout: 30_000 })
    // A refused upgrade is said by the browser itself; nothing else may be wrong.
    expect(phone.wrong.filter((line) => !line.includes('WebSocket'))).toEqual([])
  } finally {
    await Promise.all([chair.context.close(), phone.context.close()])
    proxy.close()
  }
})
