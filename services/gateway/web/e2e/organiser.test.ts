// The organiser's page in a real browser against the real program: sessions from every preset by keyboard, modalities
// as a file out and in, the meter, a rehearsal, and the calendar as a calendar reads it.
import { mkdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { cut, hiddenFocus, overflow } from './look'
import { open, type Person } from './person'
import { serve, type Server } from './server'

const shots = join(import.meta.dirname, '../screenshots')

let browser: Browser
let server: Server
let organiser: Person

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  server = await serve()
  browser = await launch()
  organiser = await open(browser, `${server.origin}/organiser#${server.links.organiser}`)
  await organiser.page.locator('[data-new]').waitFor()
})

afterAll(async () => {
  // The one refusal that the test of files provokes, which the browser notes too.
  expect(organiser?.wrong.filter((one) => !one.includes('status of 422'))).toEqual([])
  await browser?.close()
  await server?.stop()
})

/** Goes by Tab alone until the focus is where the selector says. */
async function tabTo(page: Page, selector: string, most = 200): Promise<void> {
  for (let i = 0; i < most; i++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not lead to ${selector}`)
}

async function home(page: Page): Promise<void> {
  await page.goto(`${server.origin}/organiser`)
  await page.locator('[data-new]').waitFor()
}

const api = async <T>(path: string): Promise<T> =>
  (await (
    await fetch(`${server.origin}/api/v1${path}`, { headers: { Authorization: `Bearer ${server.links.organiser}` } })
  ).json()) as T

interface Preset {
  id: string
  minutes: number
  modalities: Record<string, unknown>
  agenda: { kind: string; minutes: number; has_list: boolean }[]
}

it('An organiser creates a consultation and a session from each preset by keyboard, and each has its modalities', async () => {
  const { page } = organiser
  const presets = await api<Preset[]>('/presets')
  expect(presets).toHaveLength(6)
  for (const [i, preset] of presets.entries()) {
    await home(page)
    await tabTo(page, '[data-new]')
    await page.keyboard.press('Enter')
    await page.locator('[data-preset]').first().waitFor()
    // The radio buttons are one stop; the arrows choose.
    await tabTo(page, 'input[name="preset"]')
    for (let n = 0; n < i; n++) await page.keyboard.press('ArrowDown')
    await page.locator(`[data-preset="${preset.id}"] input:checked`).waitFor()
    expect(await page.locator(`[data-preset="${preset.id}"]`).innerText()).toMatch(/\.\s/)
    await tabTo(page, '[data-field="title"]')
    await page.keyboard.type(`By keyboard: ${preset.id}`)
    await tabTo(page, '[data-field="consultation_title"]')
    await page.keyboard.type(`Consultation ${i}`)
    await tabTo(page, '[data-create]')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/s\/[^/]+\/organiser/)
    await page.locator('[data-status="live"]').waitFor()
    const code = new URL(page.url()).pathname.split('/')[2]!
    const brief = await api<{ session: string; consultation: string; title: string }>(`/codes/${code}`)
    const view = await api<{
      session: { modalities: unknown; planned_start: number; hard_end: number }
      agenda: string[]
    }>(`/sessions/${brief.session}`)
    expect(brief.title).toBe(`By keyboard: ${preset.id}`)
    expect(view.session.modalities).toEqual(preset.modalities)
    expect(view.session.hard_end - view.session.planned_start).toBe(preset.minutes * 60_000)
    expect(view.agenda).toHaveLength(preset.agenda.length)
  }
  await home(page)
  await page.locator('[data-consultation]').nth(6).waitFor()
})

it('A session is changed by its page, and every section opens by keyboard', async () => {
  const { page } = organiser
  await page.locator('[data-session] a', { hasText: 'By keyboard: topics' }).click()
  await page.locator('[data-status="live"]').waitFor()
  const code = new URL(page.url()).pathname.split('/')[2]!
  await page.locator('[data-field="title"]').fill('Changed: three topics')
  await page.locator('[data-modality="maximum_ms"] input').fill('150')
  await page.locator('[data-part="1"] input[type="text"]').fill('First of three')
  await tabTo(page, '[data-save]')
  await page.keyboard.press('Enter')
  await page.locator('h1', { hasText: 'Changed: three topics' }).waitFor()
  await page.locator('[data-save]:disabled').waitFor()
  const brief = await api<{ session: string; title: string }>(`/codes/${code}`)
  expect(brief.title).toBe('Changed: three topics')
  const kept = (): Promise<{
    session: { modalities: Record<string, unknown> }
    parts: Record<string, { title: string }>
  }> => api(`/sessions/${brief.session}`)
  // Each change is a command of its own, the parts last.
  await expect
    .poll(async () => Object.values((await kept()).parts).map((part) => part.title), { timeout: 30_000 })
    .toContain('First of three')
  expect((await kept()).session.modalities.maximum_ms).toBe(150_000)
  for (const section of ['applicants', 'register', 'lot', 'invitations', 'paper', 'rehearsal', 'record', 'setup']) {
    await tabTo(page, `nav a[href="#${section}"]`)
    await page.keyboard.press('Enter')
    await page.locator(`main[data-section="${section}"]`).waitFor()
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN')
  }
  // The section stands in the address, and is no token.
  await page.reload()
  await page.locator('main[data-section="setup"] [data-save]').waitFor()
})

it('Modalities are exported and imported as a file, and a wrong one says which field and what to do', async () => {
  const { page } = organiser
  await page.locator('[data-modality="maximum_ms"] input').waitFor()
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Save as a file' }).click()
  const path = await (await saved).path()
  const file = JSON.parse(await readFile(path, 'utf8')) as { modalities: Record<string, unknown> }
  expect(file).toMatchObject({ fairfloor: 'modalities', version: 1, modalities: { maximum_ms: 150_000 } })

  const give = async (text: string): Promise<void> => {
    const name = join(tmpdir(), 'fairfloor-modalities.json')
    await writeFile(name, text)
    await page.locator('input[type="file"]').setInputFiles(name)
  }
  await give('no JSON at all')
  await page.locator('[data-wrong="not_json"]').waitFor()
  await give('{"title": "something else"}')
  await page.locator('[data-wrong="not_modalities"]').waitFor()
  await give(JSON.stringify({ ...file, modalities: { ...file.modalities, maximum_ms: 150 } }))
  const trouble = page.locator('[data-problem="invalid"]')
  await trouble.waitFor()
  expect(await trouble.innerText()).toContain('Most time, seconds (maximum_ms):')
  expect(await trouble.innerText()).toContain('What to do')
  // What was there is left alone by a file that is refused.
  expect(await page.locator('[data-modality="maximum_ms"] input').inputValue()).toBe('150')
  await give(JSON.stringify({ ...file, modalities: { ...file.modalities, maximum_ms: 240_000, limit: 'hard' } }))
  await page.locator('[data-problem]').waitFor({ state: 'detached' })
  await expect.poll(() => page.locator('[data-modality="maximum_ms"] input').inputValue()).toBe('240')
  expect(await page.locator('[data-modality="limit"] select').inputValue()).toBe('hard')
})

it('The meter says what everybody gets and whether all are heard, as the server reckons', async () => {
  const { page } = organiser
  await home(page)
  await page.locator('[data-new]').click()
  const meter = page.locator('[data-meter]')
  await meter.locator('input').fill('53')
  const fine = meter.locator('[data-fits="true"][data-guaranteed="true"]')
  await expect.poll(() => fine.innerText()).toContain('All 53 are heard')
  expect(await fine.innerText()).toContain('1:00 can be promised to each')
  await meter.locator('input').fill('100')
  const short = meter.locator('[data-fits="false"]')
  await short.waitFor()
  expect(await short.innerText()).toContain('31 of 100 would not be heard')
  expect(await short.locator('.dots .out').count()).toBe(31)
  // Longer, and it fits: the meter follows the form.
  await page.locator('[data-field="minutes"]').fill('130')
  await meter.locator('[data-fits="true"]').waitFor()
})

it('A rehearsal shows what the modalities do at 20 times the pace, turn by turn', async () => {
  const { page } = organiser
  await page.goto(`${server.origin}/s/${server.links.code}/organiser#rehearsal`)
  await page.locator('[data-rehearsal]').waitFor()
  await tabTo(page, '[data-rehearse]')
  await page.keyboard.press('Enter')
  await page.locator('[data-rehearsal="shown"]').waitFor()
  // It moves by itself, and only as fast as it says.
  const clock = page.locator('.time')
  const first = await clock.innerText()
  await expect.poll(() => clock.innerText(), { timeout: 20_000 }).not.toBe(first)
  await page.getByRole('button', { name: 'Show the end' }).click()
  const result = page.locator('[data-heard]')
  await result.waitFor()
  expect(Number(await result.getAttribute('data-heard'))).toBeGreaterThan(40)
  expect(await page.locator('.line .turn').count()).toBe(Number(await result.getAttribute('data-heard')))
  await page.screenshot({ path: join(shots, 'organiser-rehearsal.png'), fullPage: true })
})

it('A rehearsal names its groups in the reader’s language', async () => {
  const { page, context } = await open(
    browser,
    `${server.origin}/s/${server.links.code}/organiser#${server.links.organiser}`,
    {
      locale: 'ar-EG',
    },
  )
  await page.locator('nav a[href="#rehearsal"]').click()
  await page.locator('[data-rehearse]').click()
  await page.locator('[data-rehearsal="shown"]').waitFor({ timeout: 120_000 })
  const said = page.locator('.clock')
  await expect
    .poll(() => said.innerText(), { timeout: 60_000, interval: 50 })
    .toMatch(/المدني|الخاص|الأكاديمية|التقنية/)
  expect(await said.innerText()).not.toMatch(/[a-z]/i)
  await context.close()
}, 240_000)

it('The calendar of the consultation is an address that a calendar reads', async () => {
  const { page } = organiser
  await home(page)
  const group = page.locator('[data-consultation]', { hasText: 'By keyboard: council_hearing' })
  const address = await group.locator('[data-calendar] input').inputValue()
  await group.getByRole('button', { name: 'Copy' }).click()
  await group.getByRole('status').filter({ hasText: /Cop/ }).waitFor()
  // As a calendar asks: without a token.
  const answer = await fetch(address)
  expect(answer.headers.get('Content-Type')).toContain('text/calendar')
  const lines = (await answer.text()).replaceAll('\r\n ', '').split('\r\n')
  const value = (name: string): string => lines.find((line) => line.startsWith(name))!.slice(name.length)
  expect(lines.filter((line) => line === 'BEGIN:VEVENT')).toHaveLength(1)
  expect(value('SUMMARY:')).toBe('By keyboard: council_hearing')
  const at = (text: string): number =>
    Date.parse(text.replace(/(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/, '$1-$2-$3T$4:$5:$6Z'))
  expect(at(value('DTEND:')) - at(value('DTSTART:'))).toBe(60 * 60_000)
  expect(value('UID:')).toMatch(/@fairfloor$/)
  expect(value('URL:')).toContain('/s/')
})

it.each([
  ['list', () => `${server.origin}/organiser#${server.links.organiser}`, '[data-session]'],
  ['new', () => `${server.origin}/organiser#${server.links.organiser}`, '[data-meter] [data-fits]'],
  [
    'record',
    () => `${server.origin}/s/${server.links.code}/organiser#record`,
    '[data-section="record"] [data-kept="3"]',
  ],
] as const)('The page %s fits every screen, and axe finds nothing', async (name, url, ready) => {
  for (const locale of ['en-GB', 'ar-EG']) {
    const person = await open(
      browser,
      name === 'record' ? `${server.origin}/organiser#${server.links.organiser}` : url(),
      { locale },
    )
    const { page, context, wrong } = person
    if (name === 'record') {
      await page.locator('[data-session] a', { hasText: 'Sample' }).click()
      await page.locator('nav a[href="#record"]').click()
    }
    if (name === 'new') await page.locator('[data-new]').click()
    await page.locator(ready).first().waitFor()
    for (const [width, height] of [
      [390, 844],
      [1280, 800],
      [1920, 1080],
    ] as const) {
      await page.setViewportSize({ width, height })
      // Of axe's rules only contrast knows by day from by night: one width tells, all of them in the long run.
      const schemes = process.env.FAIRFLOOR_LONG || width === 1280 ? (['light', 'dark'] as const) : (['light'] as const)
      for (const scheme of schemes) {
        await page.emulateMedia({ colorScheme: scheme })
        const where = `${name} ${locale} ${width} ${scheme}`
        expect(await violations(page, scheme === 'light' ? undefined : ['color-contrast']), where).toEqual([])
        if (process.env.FAIRFLOOR_LONG || (locale === 'en-GB' && width === 1280))
          await page.screenshot({
            path: join(shots, `organiser-${name}-${width}-${scheme}-${locale.slice(0, 2)}.png`),
            fullPage: true,
          })
      }
      expect((await overflow(page)).wide, `${name} ${locale} ${width}`).toBeLessThanOrEqual(0)
      expect(await cut(page), `${name} ${locale} ${width}`).toEqual([])
    }
    expect((await hiddenFocus(page)).wrong).toEqual([])
    expect(wrong).toEqual([])
    await context.close()
  }
})
