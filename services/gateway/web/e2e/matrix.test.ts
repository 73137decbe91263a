// Every page of a session that runs, in both directions of script, on a phone, a laptop and a wall, by day and by
// night: one server, one browser, one tab for each page, so that all of it takes less than a minute.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { covered, cut, hiddenFocus, overflow } from './look'
import { invite } from './people'
import { open, press, type Person } from './person'
import { serve, type Server } from './server'

const shots = join(import.meta.dirname, '../screenshots/matrix')

let browser: Browser
let server: Server
let chair: Person

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  server = await serve()
  browser = await launch()
  // A turn in the middle, after one that is over: most of what a page can show is there.
  chair = await open(browser, server.links.chair)
  await press(chair.page, 'start')
  await press(chair.page, 'give')
  await press(chair.page, 'begin')
  await press(chair.page, 'end')
  await press(chair.page, 'give')
  await press(chair.page, 'begin')
  await chair.page.locator('[data-act="end"]').waitFor()
})

afterAll(async () => {
  expect(chair?.wrong).toEqual([])
  await browser?.close()
  await server?.stop()
})

interface Case {
  name: string
  url: () => string | Promise<string>
  /** Widths at which the page is one screen, and does not scroll. */
  oneScreen?: readonly number[]
  sizes?: readonly (readonly [number, number])[]
}

const sizes = [
  [390, 844],
  [1280, 800],
  [1920, 1080],
] as const

const query = (url: string, more: string): string => url.replace('#', `${url.includes('?') ? '&' : '?'}${more}#`)

const pages: Case[] = [
  { name: 'index', url: () => `${server.origin}/` },
  { name: 'chair', url: () => server.links.chair, oneScreen: [1280, 1920] },
  { name: 'compact', url: () => query(server.links.chair, 'compact'), sizes: [[400, 640]], oneScreen: [400] },
  { name: 'cue', url: () => query(server.links.chair, 'cue'), oneScreen: [1280, 1920] },
  { name: 'speaker', url: () => server.links.speaker },
  { name: 'live', url: () => server.links.live },
  { name: 'room', url: () => server.links.room, oneScreen: [390, 1280, 1920] },
  { name: 'overlay', url: () => query(server.links.room, 'overlay') },
  { name: 'booth', url: async () => (await invite(server, ['interpreter', 'technician'])).url },
  {
    name: 'organiser',
    url: () => `${server.origin}/s/${server.links.code}/organiser#${server.links.organiser}`,
  },
  { name: 'desk', url: async () => (await invite(server, ['captioner'])).url },
]

describe('Every page, in en and ar, at 390, 1280 and 1920 px, light and dark: axe finds nothing (2.2 AA), nothing overflows or is cut, everything works by keyboard with visible focus, no console error, no request leaves the origin', () => {
  it.each(pages)('$name', async ({ name, url, oneScreen = [], sizes: own = sizes }) => {
    const link = new URL(await url(), server.origin)
    const at = new URL(link.pathname + link.search + link.hash, server.origin).href
    const look = async (language: 'en' | 'ar'): Promise<void> => {
      const address = at.includes('#') ? query(at, `lang=${language}`) : `${at}?lang=${language}`
      const { page, wrong, context } = await open(browser, address, { locale: language === 'ar' ? 'ar-EG' : 'en-GB' })
      try {
        if (name === 'index') await page.getByRole('heading').first().waitFor()
        else if (name !== 'overlay') await page.locator('[data-status="live"]').waitFor()
        await page.locator(`html[lang="${language}"][dir="${language === 'ar' ? 'rtl' : 'ltr'}"]`).waitFor()
        for (const [width, height] of own) {
          await page.setViewportSize({ width, height })
          for (const scheme of ['light', 'dark'] as const) {
            const where = `${name} in ${language} at ${width}, ${scheme}`
            await page.emulateMedia({ colorScheme: scheme })
            // Of axe's rules only contrast knows by day from by night.
            const found = await violations(page, scheme === 'light' ? undefined : ['color-contrast'])
            expect(found, where).toEqual([])
            if (scheme === 'light' || process.env.FAIRFLOOR_LONG)
              await page.screenshot({ path: join(shots, `${name}-${language}-${width}-${scheme}.png`) })
          }
          const { wide, tall } = await overflow(page)
          const where = `${name} in ${language} at ${width}`
          expect(wide, `px too wide: ${where}`).toBeLessThanOrEqual(0)
          if (oneScreen.includes(width)) expect(tall, `px too tall: ${where}`).toBeLessThanOrEqual(0)
          expect(await cut(page), `cut: ${where}`).toEqual([])
          expect(await covered(page), `covered: ${where}`).toEqual([])
        }
        const { wrong: unseen, stops } = await hiddenFocus(page)
        expect(unseen, `focus in ${name}, ${language}`).toEqual([])
        // The room's screen, its overlay and the cue view have nothing to press.
        if (!['room', 'overlay', 'cue'].includes(name)) expect(stops).toBeGreaterThanOrEqual(3)
        expect(wrong).toEqual([])
      } finally {
        await context.close()
      }
    }
    // Both directions of script at once: axe takes a core of its own for each.
    await Promise.all([look('en'), look('ar')])
  })
})
