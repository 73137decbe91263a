// The pictures of the README, made by the test run: a session in its fifth turn, as a chair and an observer see it.
//
// Each run makes them anew in screenshots/readme (which git does not see) and compares them with those that are
// committed. Clocks and times of day differ in every run, which is a few pixels in a thousand; only a picture that shows
// another page than the one we have is written over the committed one, so that a run leaves git alone unless a page has
// changed. FAIRFLOOR_SHOTS=1 writes them in any case.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launch } from './browser'
import { invite, Writer } from './people'
import { open, press, type Person } from './person'
import { serve, type Server } from './server'

const root = join(import.meta.dirname, '../../../..')
const images = join(root, '.github/images')
const scratch = join(import.meta.dirname, '../screenshots/readme')

/** The share of pixels that may differ before the committed picture is of another page. */
const another = 0.06

let browser: Browser
let server: Server
let chair: Person

/** What is said in the turns, in the manner of such consultations; nobody's words. */
const statements = [
  ['Thank you, Chair. We welcome this consultation and the time that it gives to each of us.'],
  [
    'Small organisations carry much of the daily work of keeping networks safe.',
    'We ask that their part be written down.',
  ],
  ['Rules that nobody can check are wishes.', 'We propose a short report each year, with the same questions for all.'],
  ['We support what was said on reporting.', 'Our members would answer the questions voluntarily from next year on.'],
]
const running = [
  'Thank you, Chair, and thank you to the colleagues who spoke before us.',
  'We have three points, and we will file the rest in writing.',
  'First: a point of contact in each state has to answer at night as well as by day.',
]

beforeAll(async () => {
  mkdirSync(scratch, { recursive: true })
  server = await serve()
  browser = await launch()
  chair = await open(browser, server.links.chair)
  const { token } = await invite(server, ['captioner'])
  const writer = await Writer.open(server, token, 'en', 'the captions desk')
  await press(chair.page, 'start')
  for (const words of statements) {
    await press(chair.page, 'give')
    await press(chair.page, 'begin')
    await spoken()
    await writer.write(words, Date.now())
    await press(chair.page, 'end')
  }
  await press(chair.page, 'give')
  await press(chair.page, 'begin')
  await spoken()
  await writer.write(running, Date.now())
}, 120_000)

/** Waits until a turn is as old as captions are late: what was written before is the former speaker's. */
async function spoken(): Promise<void> {
  await chair.page.locator('[data-act="end"]').waitFor()
  await chair.page.getByText(/^0:(0[5-9]|[1-5]\d) used of/).waitFor()
}

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

/** The share of pixels in which two pictures differ for the eye; 1 when they are not of the same size. */
async function difference(page: Page, a: Buffer, b: Buffer): Promise<number> {
  return page.evaluate(
    async (both) => {
      const [left, right] = await Promise.all(
        both.map(async (data) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0))
          const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
          const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!
          context.drawImage(image, 0, 0)
          return context.getImageData(0, 0, image.width, image.height)
        }),
      )
      if (!left || !right || left.width !== right.width || left.height !== right.height) return 1
      let differ = 0
      for (let i = 0; i < left.data.length; i += 4) {
        const far = (at: number): boolean => Math.abs(left.data[at]! - right.data[at]!) > 48
        if (far(i) || far(i + 1) || far(i + 2)) differ++
      }
      return differ / (left.data.length / 4)
    },
    [a, b].map((picture) => picture.toString('base64')),
  )
}

describe('README has a screenshot of the chair console and of the live page, made by the test run', () => {
  it.each([
    { name: 'chair', width: 1280, height: 800, link: () => server.links.chair },
    { name: 'live', width: 1280, height: 800, link: () => server.links.live },
  ])('$name', async ({ name, width, height, link }) => {
    const { page, context, wrong } = await open(browser, link(), { width, height })
    try {
      await page.locator('[data-status="live"]').waitFor({ state: 'attached' })
      await page.getByText('Civil Society Organisation').filter({ visible: true }).first().waitFor()
      if (name === 'live') await page.getByText(running.at(-1)!).waitFor()
      await page.evaluate(() => document.fonts.ready.then(() => undefined))
      const made = await page.screenshot({ path: join(scratch, `${name}.png`) })
      const committed = join(images, `${name}.png`)
      const differ = await difference(page, made, readFileSync(committed))
      const write = differ > another || !!process.env.FAIRFLOOR_SHOTS
      console.log(
        `${name}: ${(100 * differ).toFixed(2)} % of the pixels differ from the committed picture${write ? ', which is written anew' : ''}`,
      )
      if (write) writeFileSync(committed, made)
      // The README shows it, with words for whoever does not see it.
      expect(readFileSync(join(root, 'README.md'), 'utf8')).toMatch(
        new RegExp(`!\\[[^\\]]{20,}\\]\\(\\.github/images/${name}\\.png\\)`),
      )
      expect(wrong).toEqual([])
    } finally {
      await context.close()
    }
  })
})
