// The page without script, in a browser that runs none, behind a proxy that breaks websockets and holds every answer
// back until it is whole: a delegate follows, checks in, speaks and withdraws by it.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violations } from './axe'
import { buffering, type Buffering } from './buffering'
import { launch } from './browser'
import { overflow } from './look'
import { invite, view, Writer } from './people'
import { open, press, type Person } from './person'
import { serve, type Server } from './server'

let browser: Browser
let server: Server
let proxy: Buffering
let chair: Person

beforeAll(async () => {
  server = await serve()
  browser = await launch()
  proxy = await buffering(server.origin)
  chair = await open(browser, server.links.chair)
})

afterAll(async () => {
  await browser?.close()
  proxy?.close()
  await server?.stop()
})

/** A phone that runs no script, on the page of the session. */
async function withoutScript(page = 'plain', script = false): Promise<{ page: Page; close: () => Promise<void> }> {
  const context = await browser.newContext({
    javaScriptEnabled: script,
    viewport: { width: 390, height: 844 },
    locale: 'en-GB',
  })
  const phone = await context.newPage()
  await phone.goto(`${proxy.origin}/s/${server.links.code}/${page}`)
  return { page: phone, close: () => context.close() }
}

/** Loads again, as whoever has no script does, until the page says this. */
async function until(page: Page, says: string | RegExp): Promise<void> {
  for (;;) {
    await page.getByRole('link', { name: 'Reload', exact: true }).click()
    if (await page.getByText(says).first().isVisible()) return
    await page.waitForTimeout(250)
  }
}

describe('The plain page works without script and through a buffering proxy', () => {
  it('a delegate gives their link, sees place and time, checks in, speaks, is read, and is done', async () => {
    const desk = await invite(server, ['captioner'])
    const { page, close } = await withoutScript()
    try {
      // A visitor sees the list and no forms but the one for a link.
      expect(await page.getByRole('listitem').count()).toBeGreaterThanOrEqual(20)
      expect(await page.getByRole('button', { name: 'I am here' }).count()).toBe(0)
      await page.getByLabel(/Paste the personal link/).fill(server.links.speaker)
      await page.getByRole('button', { name: 'Open' }).click()

      await page.getByRole('heading', { name: 'My place' }).waitFor()
      expect(await page.locator('dd.n').innerText()).toBe('1')
      expect(page.url()).not.toContain('#')
      await page.getByRole('button', { name: 'I am here' }).click()
      await page.getByRole('status').filter({ hasText: 'You are checked in.' }).waitFor()
      // The console heard it, by its websocket, at once.
      await chair.page.getByText('checked in').filter({ visible: true }).first().waitFor()

      await press(chair.page, 'start')
      await press(chair.page, 'give')
      await until(page, 'You have the floor.')
      await page.getByRole('button', { name: 'I am speaking' }).click()
      await page
        .getByText(/Time left|Left/)
        .first()
        .waitFor()
      await chair.page.locator('[data-act="end"]').waitFor()

      const writer = await Writer.open(server, desk.token, 'en')
      await writer.write(['We thank the chair for giving us the floor.'])
      await until(page, 'We thank the chair for giving us the floor.')

      await page.getByRole('button', { name: 'I am done' }).click()
      await page.getByRole('status').filter({ hasText: 'You have given the floor back.' }).waitFor()
      await chair.page.locator('[data-act="give"]').waitFor()
      expect(proxy.upgrades()).toBe(0)
      expect(proxy.answers()).toBeGreaterThan(5)
    } finally {
      await close()
    }
  })

  it('another withdraws, and is off the list for everybody', async () => {
    interface Seen {
      agenda: string[]
      lists: Record<string, string[]>
      entries: Record<string, { applicant: string; organisation: string; state: string }>
    }
    const seen = await view<Seen>(server, server.links.organiser)
    const entry = seen.lists[seen.agenda[0]!]![5]!
    const { url } = await invite(server, ['speaker'], { applicant: seen.entries[entry]!.applicant })
    const { page, close } = await withoutScript()
    try {
      await page.getByLabel(/Paste the personal link/).fill(url)
      await page.getByRole('button', { name: 'Open' }).click()
      await page.getByRole('button', { name: 'Withdraw from the list' }).click()
      await page.getByRole('status').filter({ hasText: 'You have left the list.' }).waitFor()
      expect((await view<Seen>(server, server.links.organiser)).entries[entry]!.state).toBe('withdrawn')
    } finally {
      await close()
    }
  })

  it('less than 15 kB in every language, axe finds nothing, and nothing is too wide', async () => {
    const { page, close } = await withoutScript('plain', true)
    try {
      for (const language of ['ar', 'zh', 'en', 'fr', 'ru', 'es']) {
        const answer = await page.goto(`${proxy.origin}/s/${server.links.code}/plain?lang=${language}`)
        expect((await answer!.body()).length, language).toBeLessThan(15_000)
        expect(await page.locator('script').count(), language).toBe(0)
        // axe itself needs a script, which is why this context runs them.
        expect(await violations(page), language).toEqual([])
        expect((await overflow(page)).wide, language).toBeLessThanOrEqual(0)
      }
    } finally {
      await close()
    }
  })

  it('every other page leads a browser without script to it', async () => {
    for (const name of ['live', 'speaker', 'room']) {
      const { page, close } = await withoutScript(name)
      try {
        await page.getByRole('link', { name: /plain page/ }).click()
        await page.getByRole('heading', { name: 'List of speakers' }).waitFor()
      } finally {
        await close()
      }
    }
  })

  it('the live page can be read before and without its scripts', async () => {
    const { page, close } = await withoutScript('live')
    try {
      await page.getByRole('heading', { name: 'Next speakers' }).waitFor()
      expect(await page.locator('#first ol li').count()).toBe(5)
    } finally {
      await close()
    }
  })
})
