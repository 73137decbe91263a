// Every page of a session that runs, in both directions of script, on a phone, a laptop and a wall, by day and by
// night: one server, one browser, one tab for each page, so that all of it takes less than a minute.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { covered, cut, hiddenFocus, overflow } from './look'
import { command, invite, wish } from './people'
import { open, press, type Person } from './person'
import { serve, type Server } from './server'

const shots = join(import.meta.dirname, '../screenshots/matrix')

const long = !!process.env.FAIRFLOOR_LONG

let browser: Browser
let server: Server
let chair: Person

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  server = await serve()
  browser = await launch()
  await command(server, server.links.organiser, 'change_session', { modalities: { open_applications: true } })
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
  /** What leads from the link to what is looked at; without it the session's own line must be live. */
  lead?: (page: Page) => Promise<void>
  /** In the short run in one language, and by axe at one width and by one light; in the long run in everything. */
  spread?: boolean
  /** How many steps Tab takes at most. */
  stops?: number
}

const sizes = [
  [390, 844],
  [1280, 800],
  [1920, 1080],
] as const

const query = (url: string, more: string): string => url.replace('#', `${url.includes('?') ? '&' : '?'}${more}#`)

const organiser = (): string => `${server.origin}/s/${server.links.code}/organiser#${server.links.organiser}`

/** A section of the organiser's page, opened as its visitors do, and ready when what it shows is there. */
const section = (name: string, ready: string, more?: (page: Page) => Promise<void>): Case => ({
  name: `organiser-${more ? `${name}-more` : name}`,
  url: organiser,
  spread: true,
  stops: 400,
  lead: async (page) => {
    await page.locator('[data-status="live"]').waitFor()
    await page.locator(`nav a[href="#${name}"]`).click()
    await page.locator(`main[data-section="${name}"]`).locator(ready).first().waitFor()
    await more?.(page)
  },
})

/** The rehearsal before, in whichever language. */
let played: Promise<void> = Promise.resolve()

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
  { name: 'organiser', url: organiser },
  section('applicants', '[data-applicant]'),
  section('applicants', '[data-applicant]', async (page) => {
    await page.locator('[aria-expanded="false"]').first().click()
    await page.locator('[data-add]').waitFor()
    const one = page.locator('li[data-applicant]').last()
    await one.locator('summary').first().click()
    await one.locator('[data-person] button').first().click()
    await one.locator('input[id$="-display_name"]').waitFor()
  }),
  section('register', '[data-group="decided"] details'),
  section('register', '[data-group="decided"] details', async (page) => {
    await page.locator('[data-group="decided"] summary').first().click()
    await page.locator('[data-group="decided"] details[open] h4').first().waitFor()
  }),
  section('lot', 'h2'),
  section('invitations', '[data-sheet]'),
  section('invitations', '[data-sheet]', async (page) => {
    await page.locator('[data-sheet]').click()
    await page.locator('[data-cards]').waitFor()
  }),
  section('paper', '[data-lines] tbody tr'),
  section('rehearsal', '[data-rehearse]', async (page) => {
    // The server plays one at a time, and hundreds of sessions for it: a busy machine takes its time.
    const mine = played.then(async () => {
      await page.locator('[data-rehearse]').click()
      await page.locator('[data-rehearsal="shown"]').waitFor({ timeout: 120_000 })
    })
    played = mine.catch(() => undefined)
    await mine
    await page.locator('.stage .row button').last().click()
    await page.locator('[data-rehearsal="finished"] [data-heard]').waitFor()
  }),
  section('record', 'section h2'),
  {
    name: 'sessions',
    url: () => `${server.origin}/organiser#${server.links.organiser}`,
    spread: true,
    lead: (page) => page.locator('[data-session]').first().waitFor(),
  },
  {
    name: 'new-session',
    url: () => `${server.origin}/organiser#${server.links.organiser}`,
    spread: true,
    stops: 400,
    lead: async (page) => {
      await page.locator('[data-new]').click()
      await page.locator('[data-meter] [data-fits]').first().waitFor()
    },
  },
  {
    name: 'apply',
    url: () => `${server.origin}/s/${server.links.code}/apply`,
    spread: true,
    lead: (page) => page.locator('[data-form]').waitFor(),
  },
  {
    name: 'application',
    url: () => wish(server),
    spread: true,
    lead: (page) => page.locator('[data-state="applied"]').waitFor(),
  },
  { name: 'desk', url: async () => (await invite(server, ['captioner'])).url },
]

const languages = ['en', 'ar'] as const
type Language = (typeof languages)[number]

/** Where the short run looks at a page that only the long run sees in everything: in turn, so that all is seen of some. */
function turn(name: string): { language: Language; width: number; scheme: 'light' | 'dark' } {
  const n = pages.findIndex((one) => one.name === name)
  return { language: languages[n % 2]!, width: sizes[n % 3]![0], scheme: n % 4 < 2 ? 'light' : 'dark' }
}

function chosen(name: string): string {
  const { language, width, scheme } = turn(name)
  return `${name} in ${language} at ${width}, ${scheme}`
}

describe('Every page, in en and ar, at 390, 1280 and 1920 px, light and dark: axe finds nothing (2.2 AA), nothing overflows or is cut, everything works by keyboard with visible focus, no console error, no request leaves the origin', () => {
  it.each(pages)(
    '$name',
    async ({ name, url, oneScreen = [], sizes: own = sizes, lead, spread, stops: most }) => {
      const link = new URL(await url(), server.origin)
      const at = new URL(link.pathname + link.search + link.hash, server.origin).href
      const look = async (language: Language): Promise<void> => {
        const address = at.includes('#') ? query(at, `lang=${language}`) : `${at}?lang=${language}`
        const { page, wrong, context } = await open(browser, address, { locale: language === 'ar' ? 'ar-EG' : 'en-GB' })
        try {
          if (lead) await lead(page)
          else if (name === 'index') await page.getByRole('heading').first().waitFor()
          else if (name !== 'overlay') await page.locator('[data-status="live"]').waitFor()
          await page.locator(`html[lang="${language}"][dir="${language === 'ar' ? 'rtl' : 'ltr'}"]`).waitFor()
          for (const [width, height] of own) {
            await page.setViewportSize({ width, height })
            for (const scheme of ['light', 'dark'] as const) {
              const where = `${name} in ${language} at ${width}, ${scheme}`
              if (spread && !long && where !== chosen(name)) continue
              await page.emulateMedia({ colorScheme: scheme })
              // Of axe's rules only contrast knows by day from by night.
              const found = await violations(page, scheme === 'light' || spread ? undefined : ['color-contrast'])
              expect(found, where).toEqual([])
              if (scheme === 'light' || spread || long)
                await page.screenshot({
                  path: join(shots, `${name}-${language}-${width}-${scheme}.png`),
                  fullPage: spread,
                })
            }
            const { wide, tall } = await overflow(page)
            const where = `${name} in ${language} at ${width}`
            expect(wide, `px too wide: ${where}`).toBeLessThanOrEqual(0)
            if (oneScreen.includes(width)) expect(tall, `px too tall: ${where}`).toBeLessThanOrEqual(0)
            expect(await cut(page), `cut: ${where}`).toEqual([])
            expect(await covered(page), `covered: ${where}`).toEqual([])
          }
          const { wrong: unseen, stops } = await hiddenFocus(page, most)
          expect(unseen, `focus in ${name}, ${language}`).toEqual([])
          // The room's screen, its overlay and the cue view have nothing to press.
          if (!['room', 'overlay', 'cue'].includes(name)) expect(stops).toBeGreaterThanOrEqual(3)
          expect(wrong).toEqual([])
        } finally {
          await context.close()
        }
      }
      // Both directions of script at once: axe takes a core of its own for each.
      await Promise.all((spread && !long ? [turn(name).language] : languages).map(look))
    },
    240_000,
  )
})
