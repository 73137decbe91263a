// Somebody with a browser of their own: a context, a page, and what they see.
import type { Browser, BrowserContext, Page } from 'playwright-core'

export interface Person {
  context: BrowserContext
  page: Page
  /** What the page threw, wrote to the console as an error, or asked of another host. */
  wrong: string[]
}

export interface Device {
  width?: number
  height?: number
  scheme?: 'light' | 'dark'
  locale?: string
  /** A phone: touched, and with a phone's viewport. */
  mobile?: boolean
  /** How wrong the device's clock is, ms. */
  wrongBy?: number
}

/** A phone as most are. */
export const phone = { width: 390, height: 844, mobile: true }

/** Opens a link in a browser context of its own, so that nothing is shared but the server. */
export async function open(browser: Browser, url: string, device: Device = {}): Promise<Person> {
  const context = await browser.newContext({
    viewport: { width: device.width ?? 1280, height: device.height ?? 800 },
    colorScheme: device.scheme ?? 'light',
    locale: device.locale ?? 'en-GB',
    timezoneId: 'Europe/Zurich',
    isMobile: device.mobile ?? false,
    hasTouch: device.mobile ?? false,
  })
  if (device.wrongBy) {
    await context.addInitScript((by) => {
      const right = Date.now.bind(Date)
      // Both ways in which a page can ask for the time.
      Date.now = () => right() + by
      window.Date = new Proxy(Date, {
        construct: (target, given: [number]) => (given.length ? new target(...given) : new target(right() + by)),
      })
    }, device.wrongBy)
  }
  const page = await context.newPage()
  const wrong: string[] = []
  const { origin } = new URL(url)
  page.on('pageerror', (error) => wrong.push(`threw ${String(error)}`))
  page.on('console', (message) => {
    if (message.type() === 'error') wrong.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    const asked = request.url()
    if (!asked.startsWith(origin) && !asked.startsWith(origin.replace('http', 'ws'))) wrong.push(`asked ${asked}`)
  })
  await page.goto(url)
  return { context, page, wrong }
}

/** The chair's next act by keyboard: waits until the large control says so and may be pressed, then presses. */
export async function press(chair: Page, act: string, key = 'Space'): Promise<void> {
  await chair.locator(`[data-act="${act}"][data-armed="true"]`).waitFor()
  await chair.keyboard.press(key)
}
