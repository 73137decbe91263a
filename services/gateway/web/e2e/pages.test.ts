// Every page as it comes without a session behind it, in both directions of script, on a phone and a laptop:
// it shows something, asks no other host, throws nothing, fits the screen, and axe finds nothing.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { preview, type PreviewServer } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'

const web = join(import.meta.dirname, '..')
const pages = readdirSync(join(web, 'dist')).filter((name) => name.endsWith('.html'))

let browser: Browser
let server: PreviewServer
let origin: string

beforeAll(async () => {
  browser = await launch()
  server = await preview({ root: web, logLevel: 'error', preview: { host: '127.0.0.1', port: 0, proxy: {} } })
  const address = server.httpServer.address()
  if (address === null || typeof address === 'string') throw new Error('the preview server has no port')
  origin = `http://127.0.0.1:${address.port}`
})

afterAll(async () => {
  await browser?.close()
  await server?.close()
})

it('there is a page', () => expect(pages).not.toEqual([]))

describe.each(pages)('%s', (name) => {
  it.each([
    { locale: 'en', width: 390, height: 844, scheme: 'light' },
    { locale: 'en', width: 1280, height: 800, scheme: 'dark' },
    { locale: 'ar', width: 390, height: 844, scheme: 'dark' },
    { locale: 'ar', width: 1280, height: 800, scheme: 'light' },
  ] as const)('$locale, $width px, $scheme', async ({ locale, width, height, scheme }) => {
    const context = await browser.newContext({ locale, viewport: { width, height }, colorScheme: scheme })
    try {
      const page = await context.newPage()
      const thrown: string[] = []
      const elsewhere: string[] = []
      page.on('pageerror', (error) => thrown.push(String(error)))
      page.on('request', (request) => {
        const url = request.url()
        if (!url.startsWith(origin) && !url.startsWith(origin.replace('http', 'ws'))) elsewhere.push(url)
      })
      await page.goto(`${origin}/${name}`)
      await page.getByRole('heading').first().waitFor()
      expect(await page.title()).not.toBe('')
      expect(await violations(page)).toEqual([])
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      expect(overflow, 'pixels by which the page is wider than the screen').toBeLessThanOrEqual(0)
      expect(thrown).toEqual([])
      expect(elsewhere).toEqual([])
    } finally {
      await context.close()
    }
  })
})
