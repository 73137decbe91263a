// The same countdown for everyone, whatever their clock, their tab or their network did meanwhile.
import { setTimeout as pass } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launch } from './browser'
import { open, press } from './person'
import { line, type Line } from './proxy'
import { serve, type Server } from './server'

let browser: Browser
let server: Server
let phoneLine: Line

beforeAll(async () => {
  server = await serve()
  phoneLine = await line(server.origin)
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await phoneLine?.close()
  await server?.stop()
})

const fourteenMinutes = 14 * 60_000
const within = 100

interface Flip {
  text: string
  at: number
}

/**
 * Notes each change of the number that the page shows, with the machine's true time: performance.timeOrigin does
 * not know of the wrong clock that the test gave to Date.
 */
async function note(page: Page): Promise<void> {
  await page.locator('[data-numeral]').waitFor()
  await page.evaluate(() => {
    const flips: { text: string; at: number }[] = []
    Object.assign(window, { flips })
    const numeral = document.querySelector('[data-numeral]')!
    new MutationObserver(() =>
      flips.push({ text: numeral.textContent, at: performance.timeOrigin + performance.now() }),
    ).observe(numeral, { subtree: true, characterData: true, childList: true })
  })
}

const flipsOf = (page: Page): Promise<Flip[]> =>
  page.evaluate(() => (window as unknown as { flips: { text: string; at: number }[] }).flips)

const live = (page: Page): Promise<void> => page.locator('[data-status="live"]').waitFor()

it('A client with a clock 14 minutes wrong, a tab in the background for a minute and a reconnecting phone show the same countdown as everyone within 100 ms', async () => {
  const { links, origin } = server
  const chair = (await open(browser, links.chair)).page
  await live(chair)
  await press(chair, 'start')
  await press(chair, 'give')
  await press(chair, 'begin')
  await chair.locator('[data-act="end"]').waitFor()

  const everyone = (await open(browser, links.live)).page
  const fast = (await open(browser, links.live, { wrongBy: fourteenMinutes })).page
  const slow = (await open(browser, links.live, { wrongBy: -fourteenMinutes })).page
  const tab = (await open(browser, links.live)).page
  const phone = (await open(browser, links.live.replace(origin, phoneLine.origin), { width: 390, height: 844 })).page
  const pages = { chair, everyone, fast, slow, tab, phone }
  await Promise.all(Object.values(pages).map(live))
  expect(await fast.evaluate(() => Date.now() - performance.timeOrigin - performance.now())).toBeGreaterThan(
    fourteenMinutes - 1000,
  )

  // The tab goes to the background: hidden, then held, so that no timer, no frame and no message reaches it. (A
  // browser under test freezes no tab by itself; the debugger holds it as surely.)
  const show = (state: 'hidden' | 'visible'): Promise<void> =>
    tab.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value })
      document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
    }, state)
  const hold = await tab.context().newCDPSession(tab)
  await hold.send('Debugger.enable')
  await tab.evaluate(() => {
    const gaps = { longest: 0, last: performance.now() }
    Object.assign(window, { gaps })
    setInterval(() => {
      gaps.longest = Math.max(gaps.longest, performance.now() - gaps.last)
      gaps.last = performance.now()
    }, 100)
  })
  await show('hidden')
  const held = new Promise((resolve) => hold.once('Debugger.paused', resolve))
  await hold.send('Debugger.pause')
  await held
  const hiddenAt = performance.now()

  // Meanwhile the phone loses its network, says so, and comes back by itself.
  phoneLine.cut()
  await phone.locator('[data-status="reconnecting"], [data-status="stale"]').waitFor({ timeout: 1500 })
  await phone.locator('[data-status="stale"]').waitFor({ timeout: 5000 })
  // The clock is stopped, extended and resumed while both are away: what they knew is no longer so.
  await chair.keyboard.press('p')
  await chair.getByText('Clock paused by the chair').waitFor()
  await chair.keyboard.press('+')
  await chair.getByText('0:30 added').waitFor()
  await chair.keyboard.press('p')
  await chair.getByText('Clock paused by the chair').waitFor({ state: 'hidden' })
  phoneLine.mend()
  await live(phone)

  await pass(60_000 - (performance.now() - hiddenAt))
  await hold.send('Debugger.resume')
  await hold.detach()
  await show('visible')
  await live(tab)
  expect(
    await tab.evaluate(() => (window as unknown as { gaps: { longest: number } }).gaps.longest),
    'ms for which the tab stood still',
  ).toBeGreaterThan(50_000)

  await Promise.all(Object.values(pages).map(note))
  // Long enough for several changes of the number, whatever the load.
  await pass(5000)
  const seen = await Promise.all(
    Object.entries(pages).map(async ([name, page]) => ({ name, flips: await flipsOf(page) })),
  )
  const common = seen[0]!.flips
    .map((flip) => flip.text)
    .filter((text) => seen.every((one) => one.flips.some((f) => f.text === text)))
  expect(common.length, 'numbers that all of them showed').toBeGreaterThanOrEqual(3)
  for (const text of common) {
    const at = seen.map(({ name, flips }) => ({ name, at: flips.find((flip) => flip.text === text)!.at }))
    const first = Math.min(...at.map((one) => one.at))
    const apart = Object.fromEntries(at.map((one) => [one.name, Math.round(one.at - first)]))
    expect(
      Math.max(...Object.values(apart)),
      `${text} was shown ${JSON.stringify(apart)} ms apart`,
    ).toBeLessThanOrEqual(within)
  }
}, 180_000)
