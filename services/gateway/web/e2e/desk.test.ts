// The captions desk beyond typing, in real browsers against the real binary: sound for an engine, a caption tool's
// address, whose words they are, what is removed for good, who writes and who takes over, the glossary, and the alarm
// when words are missing.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { openEngine, type Engine } from './engine'
import { invite, view } from './people'
import { open, press, type Person } from './person'
import { serve, type Server } from './server'

const shots = join(import.meta.dirname, '../screenshots')

let browser: Browser
let server: Server
let chair: Person
let desk: Person
let observer: Person
let engine: Engine
let address = ''

const live = (page: Page): Promise<void> => page.locator('[data-status="live"]').waitFor()
const log = (): Locator => observer.page.locator('[role="log"][data-log]')
const said = (text: string): Locator => log().getByText(text, { exact: true })
const line = (text: string): Locator => desk.page.locator('.lines [data-segment]').filter({ hasText: text })

/** Opens the dialog that changes a line. */
const change = (text: string): Promise<void> =>
  line(text)
    .getByRole('button', { name: /^Change/ })
    .click()

interface Seen {
  floor: { turn: string }
  turns: Record<string, { entry: string; begun_at: number }>
  entries: Record<string, { organisation: string }>
}

/** Who has the floor, and since when. */
async function floor(): Promise<{ organisation: string; begun: number }> {
  const { floor, turns, entries } = await view<Seen>(server, server.links.organiser)
  const { entry, begun_at } = turns[floor.turn]!
  return { organisation: entries[entry]!.organisation, begun: begun_at }
}

/** Posts lines as a caption tool does. */
async function post(seq: number, text: string): Promise<void> {
  const answer = await fetch(`${address}?seq=${seq}&lang=en-US`, {
    method: 'POST',
    headers: { 'Content-Type': 'text/plain' },
    body: text,
  })
  expect(answer.ok, await answer.text()).toBe(true)
}

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  engine = await openEngine()
  server = await serve(['--engines', `en=${engine.url}`])
  browser = await launch(['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'])
  ;[chair, desk, observer] = await Promise.all([
    open(browser, server.links.chair),
    open(browser, (await invite(server, ['captioner'])).url),
    open(browser, server.links.live.replace('/live#', '/live?track=en#')),
  ])
  await Promise.all([chair, desk, observer].map(({ page }) => live(page)))
  await press(chair.page, 'start')
  await press(chair.page, 'give')
  await press(chair.page, 'begin')
  await chair.page.locator('[data-act="end"]').waitFor()
  await desk.page.getByLabel('Language of the captions').selectOption('en')
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  engine?.stop()
})

it('sound goes to the engine with its level shown, and what the engine hears is what observers read', async () => {
  await desk.page.getByRole('button', { name: 'Send audio' }).click()
  await desk.page.locator('[data-audio="live"][data-standing="heard"]').waitFor()
  // Chromium's own device beeps once a second: the meter moves, and the engine gets what was heard.
  await desk.page.waitForFunction(() => Number(document.querySelector<HTMLElement>('[data-level]')?.dataset.level) > 12)
  await expect.poll(engine.heard, { timeout: 20_000 }).toBeGreaterThan(500)
  await desk.page.locator('[data-source].active').filter({ hasText: 'speech engine' }).waitFor()
  expect(await violations(desk.page)).toEqual([])
  await desk.page.screenshot({ path: join(shots, 'desk-audio-1280.png') })
  engine.say('Words that the engine heard')
  await said('Words that the engine heard').waitFor()
  await desk.page.getByRole('button', { name: 'Stop audio' }).click()
  await desk.page.locator('[data-audio="off"]').waitFor()
  // Its source ends with it, and the track is free.
  await desk.page.locator('[data-source]').waitFor({ state: 'detached' })
})

it('where there is no engine for the language, sound is refused in words', async () => {
  const track = desk.page.getByLabel('Language of the captions')
  await track.selectOption('fr')
  await desk.page.getByRole('button', { name: 'Send audio' }).click()
  await desk.page.getByText('The server does not take audio for this track.').waitFor()
  expect(await desk.page.locator('[data-audio="off"]').count()).toBe(1)
  await track.selectOption('en')
})

it('the address for a caption tool is made at the desk, and what is posted there is what observers read', async () => {
  // Words that come now were said before the tool's delay: the holder must have been speaking then.
  await expect.poll(async () => Date.now() - (await floor()).begun, { timeout: 20_000 }).toBeGreaterThan(6_000)
  await desk.page.getByText('Caption tool', { exact: true }).first().click()
  await desk.page.getByRole('button', { name: 'Make an address' }).click()
  address = await desk.page.locator('[data-push-url]').inputValue()
  expect(new URL(address).origin).toBe(server.origin)
  await post(0, 'The first line of the tool.\n')
  await post(1, 'A name that must go away.\n')
  await post(2, 'Words of somebody else.\n')
  await said('Words of somebody else.').waitFor()
  await desk.page.locator('[data-source].active').filter({ hasText: 'pushed by a tool' }).waitFor()
  expect(await desk.page.locator('[data-source].active').count()).toBe(1)
})

it('redact removes words for good with a reason, re-attribute gives them to another', async () => {
  await change('A name that must go away.')
  await desk.page.getByText('Remove for good', { exact: true }).click()
  await desk.page.getByRole('button', { name: 'Remove these words' }).click()
  await desk.page.getByText('Write a reason of at least a few words.').waitFor()
  await desk.page.getByLabel('Reason (it stays in the log)').fill('A private name was said')
  expect(await violations(desk.page)).toEqual([])
  await desk.page.screenshot({ path: join(shots, 'desk-redact-1280.png') })
  await desk.page.getByRole('button', { name: 'Remove these words' }).click()
  await said('A name that must go away.').waitFor({ state: 'detached' })
  await line('A name that must go away.').waitFor({ state: 'detached' })
  expect(await observer.page.content()).not.toContain('A name that must go away')

  const speakers = observer.page.locator('[data-log] [data-speaker]')
  await speakers
    .getByText((await floor()).organisation)
    .first()
    .waitFor()
  expect(await speakers.getByText('Chair', { exact: true }).count()).toBe(0)
  await change('Words of somebody else.')
  await desk.page.getByLabel('Whose words').selectOption('chair')
  await desk.page.getByRole('button', { name: 'Give to them' }).click()
  await speakers.getByText('Chair', { exact: true }).first().waitFor()
})

it('a captioner takes over from the tool, a second one from the first: each sees who writes, and two never mix', async () => {
  const second = await open(browser, (await invite(server, ['captioner'])).url)
  await live(second.page)
  await second.page.getByLabel('Language of the captions').selectOption('en')
  await second.page.getByLabel(/^Name of this desk/).fill('Second desk')
  for (const { page } of [desk, second]) {
    await page.getByRole('button', { name: 'Start writing' }).click()
    // What a person writes may take the track at once, or has to be taken over: the page says which.
    const take = page.locator('.mine').getByRole('button', { name: 'Take over' })
    const mine = page.locator('[data-active="true"]')
    await take.or(mine).first().waitFor()
    // It may be theirs between the look and the press.
    if (!(await mine.count())) await take.click({ timeout: 10_000 }).catch(() => undefined)
    await mine.waitFor()
  }
  await desk.page.locator('[data-taken]').getByText('Second desk').waitFor()
  await desk.page.locator('[data-active="false"]').getByText('Second desk writes').waitFor()

  // What the first types meanwhile is kept, and goes out when the track is theirs again.
  await desk.page.getByLabel('What is said').fill('Kept by the first desk. ')
  await desk.page.locator('[data-unsent="1"]').waitFor()
  await second.page.getByLabel('What is said').fill('Written by the second desk. ')
  await said('Written by the second desk.').waitFor()
  expect(await said('Kept by the first desk.').count()).toBe(0)
  await desk.page.screenshot({ path: join(shots, 'desk-taken-1280.png') })
  await desk.page.locator('.mine').getByRole('button', { name: 'Take over' }).click()
  await said('Kept by the first desk.').waitFor()
  await second.page.locator('[data-taken]').waitFor()

  await desk.page
    .locator('[data-source]')
    .filter({ hasText: 'pushed by a tool' })
    .getByRole('button', { name: 'Let it write' })
    .click()
  await desk.page.locator('[data-taken]').waitFor()
  await post(3, 'The tool writes again.\n')
  await said('The tool writes again.').waitFor()
  expect(second.wrong).toEqual([])
  await second.context.close()
})

it('a term of the glossary is kept and offered', async () => {
  await desk.page.locator('.glossary summary').click()
  await desk.page.getByLabel('As misheard').fill('tally in')
  await desk.page.getByLabel('As written').fill('Tallinn Manual')
  await desk.page.locator('.glossary').getByRole('button', { name: 'Add', exact: true }).click()
  await desk.page.locator('.glossary li').getByText('Tallinn Manual').first().waitFor()
  const field = desk.page.getByLabel('What is said')
  await field.fill('see the tally in')
  await desk.page.locator('[data-offer]').getByText('Tallinn Manual').waitFor()
  await field.press('Alt+1')
  await expect.poll(() => field.inputValue()).toMatch(/^see the Tallinn Manual/)
})

it('when somebody has the floor and no words come for 15 s, desk and chair are alarmed, and the lag is told', async () => {
  await desk.page.locator('[data-gap]').waitFor()
  await chair.page.locator('[data-alarm="captions"]').waitFor()
  expect(await desk.page.locator('[data-lag]').innerText()).toMatch(/^Last words \d+ s ago$/)
  await desk.page.screenshot({ path: join(shots, 'desk-gap-1280.png') })
  await post(4, 'Here they are.\n')
  await desk.page.locator('[data-gap]').waitFor({ state: 'detached' })
  await chair.page.locator('[data-alarm="captions"]').waitFor({ state: 'detached' })
  expect([...chair.wrong, ...observer.wrong, ...desk.wrong]).toEqual([])
})
