// Somebody who runs a page without a mouse: goes by Tab to what has a name, and notes wherever the focus was not seen.
import type { Page } from 'playwright-core'

/** What has the focus: its name as a screen reader says it, and why it could not be seen, if so. */
interface Stop {
  name: string
  checked: boolean
  unseen: string
}

export class Keyboard {
  /** Where the focus could not be seen: no outline, or outside of the screen. */
  readonly unseen: string[] = []
  /** How many controls the focus has been on. */
  stops = 0

  private constructor(readonly page: Page) {}

  /** Takes the keyboard of a page, and from now on counts what a pointer does there. */
  static async of(page: Page): Promise<Keyboard> {
    await page.evaluate(() => {
      window.pointed = 0
      for (const type of ['pointerdown', 'pointermove', 'mousedown', 'mousemove', 'touchstart', 'wheel'])
        addEventListener(type, () => window.pointed++, true)
      // A click that a key made has no count of presses.
      addEventListener('click', (event) => (window.pointed += event.detail), true)
    })
    return new Keyboard(page)
  }

  /** How often a pointer did something. */
  pointed(): Promise<number> {
    return this.page.evaluate(() => window.pointed)
  }

  press(key: string): Promise<void> {
    return this.page.keyboard.press(key)
  }

  type(text: string): Promise<void> {
    return this.page.keyboard.type(text)
  }

  /** Leaves whatever has the focus, so that single keys act. */
  async leave(): Promise<void> {
    if (await this.page.evaluate(() => document.activeElement !== document.body)) await this.press('Escape')
    await this.page.waitForFunction(() => document.activeElement === document.body)
  }

  /** Goes on by Tab until something of this name has the focus. */
  async to(name: string | RegExp): Promise<void> {
    const seen: string[] = []
    for (let i = 0; i < 150; i++) {
      await this.press('Tab')
      const stop = await this.here()
      if (!stop) continue
      seen.push(stop.name)
      if (typeof name === 'string' ? stop.name === name : name.test(stop.name)) return
    }
    throw new Error(`Tab does not lead to ${String(name)}, only to: ${[...new Set(seen)].join(' | ')}`)
  }

  /** Goes there and presses it. */
  async use(name: string | RegExp, key = 'Enter'): Promise<void> {
    await this.to(name)
    await this.press(key)
  }

  /** Goes to a group of radio buttons and on by arrows until the one of this name is chosen. */
  async choose(name: RegExp): Promise<void> {
    await this.to(/./)
    while (!(await this.page.evaluate(() => document.activeElement?.matches('input[type=radio]')))) await this.to(/./)
    await this.press('Space')
    for (let i = 0; i < 20; i++) {
      const stop = await this.here()
      if (stop?.checked && name.test(stop.name)) return
      await this.press('ArrowDown')
    }
    throw new Error(`no choice ${String(name)}`)
  }

  /** What has the focus now; undefined where nothing has. */
  async here(): Promise<Stop | undefined> {
    const stop = await this.page.evaluate(() => {
      const at = document.activeElement as HTMLInputElement | null
      if (!at || at === document.body) return undefined
      const text = (node: HTMLElement): string => node.innerText.replace(/\s+/g, ' ').trim()
      const name = at.getAttribute('aria-label') ?? ([...(at.labels ?? [])].map(text).join(' ') || text(at))
      const { outlineStyle, outlineWidth } = getComputedStyle(at)
      const { left, right, top, bottom } = at.getBoundingClientRect()
      const outside = right <= 0 || left >= innerWidth || bottom <= 0 || top >= innerHeight
      const flat = outlineStyle === 'none' || parseFloat(outlineWidth) < 2
      return { name, checked: at.checked, unseen: flat ? 'no outline' : outside ? 'out of view' : '' }
    })
    if (stop) this.stops++
    if (stop?.unseen) this.unseen.push(`${stop.unseen}: ${stop.name.slice(0, 60)}`)
    return stop
  }
}

declare global {
  interface Window {
    pointed: number
  }
}
