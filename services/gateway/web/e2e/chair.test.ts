// The chair's console beyond the turns: its small window, its cue view, and what is rarely needed, against the real
// binary.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { cut, overflow } from './look'
import { open, press } from './person'
import { serve, type Server } from './server'

const shots = join(import.meta.dirname, '../screenshots')

let browser: Browser
let server: Server

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  server = await serve()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

const live = (page: Page): Promise<void> => page.locator('[data-status="live"]').waitFor()
const query = (url: string, more: string): string => url.replace('#', `?${more}#`)
const rows = (page: Page): Locator => page.locator('.list ol .org')
const small = { width: 400, height: 640 }

it('The ladder shows the effect of each choice before it is confirmed, and one command carries it out', async () => {
  const { page, wrong, context } = await open(browser, server.links.chair)
  await live(page)
  // A minimum that does not fit makes the ladder appear.
  await page.getByRole('button', { name: 'More…' }).click()
  await page.getByRole('button', { name: 'Minimum and promise…' }).click()
  await page.getByLabel(/^New minimum/).fill('150')
  await page.getByRole('button', { name: 'Set the minimum' }).click()
  await page.locator('[data-verdict].short').waitFor()
  await page.screenshot({ path: join(shots, 'chair-short.png') })
  await page.getByRole('button', { name: 'Choose what to do…' }).click()
  const rungs = page.getByRole('radio')
  expect(await rungs.count()).toBeGreaterThanOrEqual(3)
  for (const rung of await rungs.all()) {
    await rung.check()
    await page.getByRole('heading', { name: 'What this changes' }).waitFor()
    expect(await page.locator('.effect').innerText()).toMatch(/\d/)
  }
  await page.getByRole('radio', { name: /^Share/ }).check()
  const words = await page.locator('.effect summary', { hasText: /file/ }).innerText()
  const count = Number(/^(\d+)/.exec(words)![1])
  await page.screenshot({ path: join(shots, 'chair-ladder.png') })
  expect(await violations(page)).toEqual([])
  await page.getByRole('button', { name: 'Do this' }).click()
  await page.getByRole('button', { name: `Call ${count} back to the list` }).waitFor()
  // Taken back as one command too.
  await page.getByRole('button', { name: `Call ${count} back to the list` }).click()
  // The mildest choice makes room for everybody, and with it the ladder is gone.
  await page.getByRole('button', { name: 'Choose what to do…' }).click()
  await page.getByRole('radio', { name: /^Lower the minimum/ }).check()
  await page.getByRole('button', { name: 'Do this' }).click()
  await page.getByText(/^All \d+ still waiting will be heard/).waitFor()
  expect(await page.getByRole('button', { name: 'Choose what to do…' }).count()).toBe(0)
  expect(wrong).toEqual([])
  await context.close()
})

it('The chair’s compact window runs a session with two keys at 400 x 640 px', async () => {
  const whole = await open(browser, server.links.chair)
  await live(whole.page)
  const names = (await rows(whole.page).allTextContents()).slice(0, 3) as [string, string, string]
  const { page, wrong, context } = await open(browser, query(server.links.chair, 'compact'), small)
  await live(page)
  const holds = (who: string): Promise<void> => page.locator('[data-holder]', { hasText: who }).waitFor()

  await press(page, 'start')
  for (const who of names.slice(0, 2)) {
    await press(page, 'give')
    await holds(who)
    await press(page, 'begin')
    await press(page, 'end')
  }
  await press(page, 'give')
  await holds(names[2])
  // The second key takes it back: nobody has the floor, and the third is on the control again.
  await page.getByRole('button', { name: /^Undo/ }).waitFor()
  await page.keyboard.press('u')
  await page.locator('[data-act="give"]', { hasText: names[2] }).waitFor()
  await press(page, 'give')
  await press(page, 'begin')
  await page.locator('[data-act="end"]').waitFor()

  await page.screenshot({ path: join(shots, 'chair-compact.png') })
  expect(await overflow(page)).toEqual({ wide: 0, tall: 0 })
  expect(await cut(page)).toEqual([])
  expect(await violations(page)).toEqual([])
  expect(wrong).toEqual([])
  await Promise.all([context.close(), whole.context.close()])
})

it('The cue view shows what to say without a button, and follows whoever operates', async () => {
  const [chair, cue] = await Promise.all([
    open(browser, server.links.chair),
    open(browser, query(server.links.chair, 'cue'), { width: 1280, height: 800, scheme: 'dark' }),
  ])
  await Promise.all([live(chair.page), live(cue.page)])
  const next = await rows(chair.page).first().innerText()
  await cue.page.getByText(`I now give the floor to`, { exact: false }).filter({ hasText: next }).waitFor()
  expect(await cue.page.getByRole('button').count()).toBe(0)
  await press(chair.page, 'end')
  await cue.page.getByText('Nobody has the floor').waitFor()
  await press(chair.page, 'give')
  await cue.page.locator('.who', { hasText: next }).waitFor()
  await press(chair.page, 'begin')
  await cue.page.locator('[data-numeral]', { hasText: /^\d:\d\d$/ }).waitFor()
  await cue.page.screenshot({ path: join(shots, 'chair-cue.png') })
  expect([...chair.wrong, ...cue.wrong]).toEqual([])
  await Promise.all([chair.context.close(), cue.context.close()])
})

describe('the console', () => {
  it('A private word is one key, and a lost line stands the clock once', async () => {
    const { page, wrong, context } = await open(browser, server.links.chair)
    await live(page)
    await page.locator('[data-act="end"]').waitFor()
    await page.keyboard.press('1')
    await page.getByText('The speaker sees it.').waitFor()
    await page.keyboard.press('l')
    await page.getByText('Clock paused: the speaker’s line was lost').waitFor()
    await page.getByRole('button', { name: /^Resume clock/ }).click()
    await page.getByText('Clock paused: the speaker’s line was lost').waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: /^Line lost/ }).waitFor({ state: 'hidden' })
    expect(wrong).toEqual([])
    await context.close()
  })

  it('The list is moved by keyboard alone: arrows go from row to row, Alt and an arrow move with a reason', async () => {
    const { page, wrong, context } = await open(browser, server.links.chair)
    await live(page)
    const before = await rows(page).allTextContents()
    await page.locator('.list ol .head').first().focus()
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowDown')
    expect(await page.evaluate(() => document.activeElement?.querySelector('.org')?.textContent)).toBe(before[4])
    await page.keyboard.press('Alt+ArrowUp')
    await page.getByRole('heading', { name: `Move ${before[4]} before ${before[3]}` }).waitFor()
    await page.getByLabel(/^Reason/).fill('has to leave')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.locator('.list ol li').nth(3).filter({ hasText: before[4] }).waitFor()
    expect(wrong).toEqual([])
    await context.close()
  })

  it('The list is moved by dragging, which asks for a reason', async () => {
    const { page, context } = await open(browser, server.links.chair)
    await live(page)
    const before = await rows(page).allTextContents()
    await page
      .locator('.list ol li')
      .nth(6)
      .dragTo(page.locator('.list ol li').nth(4), { targetPosition: { x: 60, y: 4 } })
    await page.getByRole('heading', { name: `Move ${before[6]} before ${before[4]}` }).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    expect(await rows(page).allTextContents()).toEqual(before)
    await context.close()
  })

  it('A list is opened again, and closed at a time that is announced', async () => {
    const { page, context } = await open(browser, server.links.chair)
    await live(page)
    const reopen = page.getByRole('button', { name: 'Open the list' })
    if (await reopen.count()) await reopen.click()
    await page.getByRole('button', { name: 'Close the list…' }).click()
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Close at this time' }).click()
    await page.getByText(/closes at \d\d:\d\d/).waitFor()
    await page.getByRole('button', { name: 'Close the list…' }).click()
    await page.getByRole('button', { name: 'Close now' }).click()
    await page.getByRole('button', { name: 'Open the list' }).waitFor()
    await context.close()
  })

  it('A turn that was held while the system was down is entered with a reason', async () => {
    const { page, wrong, context } = await open(browser, server.links.chair)
    await live(page)
    // Between two turns: what is entered lies before now.
    if (await page.locator('[data-act="end"]').count()) await press(page, 'end')
    await page.locator('[data-act="give"]').waitFor()
    // What is entered lies between the turn that ended and now: a second needs room there.
    await page.waitForFunction((from) => performance.now() - from > 2500, await page.evaluate(() => performance.now()))
    await page.getByRole('button', { name: 'More…' }).click()
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: join(shots, 'chair-more.png') })
    await page.getByRole('button', { name: 'Enter a past turn…' }).click()
    const who = (await rows(page).allTextContents()).at(-1)!
    await page.getByLabel('Who spoke').selectOption({ label: who })
    const seconds = (text: string): number => {
      const [h, m, s] = text.split(':').map(Number) as [number, number, number]
      return (h * 60 + m) * 60 + s
    }
    const ended = await page.getByLabel('Ended').inputValue()
    const begun = new Date((seconds(ended) - 1) * 1000).toISOString().slice(11, 19)
    await page.getByLabel('Began').fill(begun)
    await page.getByRole('button', { name: 'Enter the turn' }).click()
    await page.getByText('Write a reason').waitFor()
    await page.getByLabel(/^Reason/).fill('the power was out')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Enter the turn' }).click()
    await page.locator('.past li', { hasText: who }).waitFor()
    expect(wrong).toEqual([])
    await context.close()
  })

  it('Measures and the balance of the groups are live, each with words', async () => {
    const { page, wrong, context } = await open(browser, server.links.chair)
    await live(page)
    await page.getByRole('button', { name: 'Fairness so far…' }).click()
    await page.getByRole('heading', { name: 'Balance of the groups' }).waitFor()
    await page.getByText('Jain’s index of what was offered').waitFor()
    const said = await page.locator('.groups .small').allInnerTexts()
    const heard = said.reduce((sum, text) => sum + Number(/^(\d+) of/.exec(text)?.[1]), 0)
    await page.screenshot({ path: join(shots, 'chair-measures.png') })
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    // Every turn that stands is in the balance of some group.
    expect(heard).toBe(await page.locator('.past li').count())
    expect(wrong).toEqual([])
    await context.close()
  })
})

it('A language is changed without a reload, on every page, and remembered', async () => {
  const { page, wrong, context } = await open(browser, server.links.chair)
  await live(page)
  for (const [language, direction, word] of [
    ['ar', 'rtl', 'قائمة المتكلمين'],
    ['fr', 'ltr', 'Liste des orateurs'],
    ['ru', 'ltr', 'Список ораторов'],
    ['zh', 'ltr', '发言名单'],
    ['es', 'ltr', 'Lista de oradores'],
  ] as const) {
    await page.locator('select').first().selectOption(language)
    await page.getByRole('heading', { name: word }).waitFor()
    await page.locator(`html[lang="${language}"][dir="${direction}"]`).waitFor()
    // Says discreetly that nobody has reviewed it.
    expect(await page.locator('.language .draft').count()).toBe(1)
  }
  await page.reload()
  await page.getByRole('heading', { name: 'Lista de oradores' }).waitFor()
  await page.locator('select').first().selectOption('en')
  await page.getByRole('heading', { name: 'List of speakers' }).waitFor()
  expect(await page.locator('.language .draft').count()).toBe(0)
  expect(wrong).toEqual([])
  await context.close()
})
