// The booth in real browsers against the real binary: what interpreters and the technician say and see, a real HTTP
// server that is told whose microphone is on, and the private notes between the chair and the secretariat.
import { createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer, type Server as Listener } from 'node:http'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { command, invite, textStatus, view, type Invited } from './people'
import { open, press, type Person } from './person'
import { serve, type Server } from './server'

const shots = join(import.meta.dirname, '../screenshots')

interface Told {
  id: string
  seq: number
  on: boolean
  code: string
  organisation?: string
  signed: boolean
}

/** A room's system that is told of the floor's changes. */
class Mixer {
  readonly told: Told[] = []
  /** What it answers now. */
  status = 204
  key = ''
  private constructor(
    private readonly listener: Listener,
    readonly url: string,
  ) {}

  static async start(): Promise<Mixer> {
    const listener = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk: Buffer) => (body += chunk))
      request.on('end', () => {
        const signature = Buffer.from(String(request.headers['fairfloor-signature']), 'base64url')
        const key = mixer.key && createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: mixer.key }, format: 'jwk' })
        mixer.told.push({
          ...(JSON.parse(body) as Told),
          signed: !!key && verify(null, Buffer.from(body), key, signature),
        })
        response.writeHead(mixer.status).end()
      })
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const address = listener.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const mixer = new Mixer(listener, `http://127.0.0.1:${address.port}/tally`)
    return mixer
  }

  stop(): void {
    this.listener.closeAllConnections()
    this.listener.close()
  }
}

interface Seen {
  session: { public_key: string; code: string }
  entries: Record<string, { applicant: string; organisation: string; place?: number; state: string; delegate?: string }>
  turns: Record<string, { id: string; begun_at?: number; paused_ms?: number; paused_since?: number }>
  floor: { turn?: string }
  booth?: { microphone: { seq: number; confirmed_at?: number }; interpretation_end?: number }
}

let browser: Browser
let server: Server
let mixer: Mixer
let chair: Person
let booth: Person
let observer: Person
let interpreter: Invited
let technician: Invited

const live = (page: Page): Promise<void> => page.locator('[data-status="live"]').waitFor()
const seen = (): Promise<Seen> => view<Seen>(server, server.links.organiser)
const numeral = (page: Page): Promise<string> => page.locator('[data-numeral]').first().innerText()

async function waitingAt(place: number): Promise<Seen['entries'][string]> {
  return Object.values((await seen()).entries).find((one) => one.state === 'waiting' && one.place === place)!
}

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  mixer = await Mixer.start()
  server = await serve(['--tally-url', mixer.url])
  mixer.key = (await seen()).session.public_key
  browser = await launch()
  interpreter = await invite(server, ['interpreter'])
  technician = await invite(server, ['technician'])
  expect(new URL(interpreter.url, server.origin).pathname).toBe(`/s/${server.links.code}/booth`)
  ;[chair, booth, observer] = await Promise.all([
    open(browser, server.links.chair),
    open(browser, interpreter.url),
    open(browser, server.links.live, { width: 390, height: 844 }),
  ])
  await Promise.all([chair, booth, observer].map(({ page }) => live(page)))
  await press(chair.page, 'start')
})

afterAll(async () => {
  const wrong = [chair, booth, observer].flatMap((one) => one?.wrong ?? [])
  await browser?.close()
  await server?.stop()
  mixer?.stop()
  expect(wrong).toEqual([])
})

it('Booth: next three speakers with language, display name in the conference, text under embargo: readable in the booth, refused to an observer until it is delivered', async () => {
  const first = await waitingAt(1)
  const filed = await command(server, server.links.organiser, 'file_text', {
    applicant: first.applicant,
    language: 'fr',
    visibility: 'public_at_delivery',
    content: 'Merci, Madame la Présidente.\n\nNous appuyons le texte.',
  })
  const text = filed.made!.text!
  await command(server, server.links.organiser, 'change_person', {
    person: first.delegate,
    value: { name: 'Ada Doe', display_name: 'FR | Doe, Ada' },
  })
  const next = booth.page.locator('[data-next]')
  await expect.poll(() => next.count()).toBe(3)
  const one = booth.page.locator('[data-next="1"]')
  await one.getByText(first.organisation, { exact: true }).waitFor()
  await one.getByText('In the conference as FR | Doe, Ada').waitFor()
  await one.getByText(/^Language: /).waitFor()
  await one.getByText('Read the statement (French)').click()
  await one.locator(`[data-text="${text}"]`).getByText('Nous appuyons le texte.').waitFor()
  await one.getByText('Under embargo until it is delivered').waitFor()
  expect(await violations(booth.page)).toEqual([])
  await booth.page.screenshot({ path: join(shots, 'booth-embargo-1280.png'), fullPage: true })
  const stranger = await invite(server, ['observer'])
  expect(await textStatus(server, stranger.token, text)).toBe(403)
  expect(await textStatus(server, interpreter.token, text)).toBe(200)
  // While it is read, what was said of it is in the transcript, and the rest is nobody's yet.
  await press(chair.page, 'give')
  await press(chair.page, 'begin')
  await chair.page.locator('[data-act="end"]').waitFor()
  expect(await textStatus(server, stranger.token, text)).toBe(403)
  await press(chair.page, 'end')
  await chair.page.locator('[data-act="give"]').waitFor()
  expect(await textStatus(server, stranger.token, text)).toBe(200)
})

it('interpretation lost pauses the clock everywhere and alarms the chair; when it is back the clock goes on and the time is given back', async () => {
  const room = await open(browser, server.links.room)
  await live(room.page)
  await press(chair.page, 'give')
  await press(chair.page, 'begin')
  await booth.page.locator('[data-countdown] [data-numeral]').waitFor()
  await booth.page.getByRole('button', { name: 'Interpretation lost' }).click()
  await booth.page.locator('[data-lost]').waitFor()
  const pages = [chair.page, booth.page, observer.page, room.page]
  for (const page of pages) await page.getByText('Clock paused: interpretation is lost').first().waitFor()
  await chair.page.locator('[data-alarm="interpretation_lost"].grave').waitFor()
  const stood = await numeral(chair.page)
  await chair.page.screenshot({ path: join(shots, 'chair-interpretation-lost-1280.png') })
  expect(await violations(chair.page)).toEqual([])
  expect(await violations(booth.page)).toEqual([])
  // Three seconds of session time later every page still shows the same number.
  const { turns, floor } = await seen()
  const since = turns[floor.turn!]!.paused_since!
  expect(since).toBeGreaterThan(0)
  await expect.poll(() => Date.now() - since, { timeout: 20_000 }).toBeGreaterThan(3000)
  for (const page of pages) expect(await numeral(page)).toBe(stood)
  await booth.page.screenshot({ path: join(shots, 'booth-lost-1280.png') })
  // The chair's own key for pausing does not go round it.
  await booth.page.getByRole('button', { name: 'Interpretation is back' }).click()
  await chair.page.locator('[data-alarm="interpretation_lost"]').waitFor({ state: 'detached' })
  await expect.poll(async () => (await numeral(observer.page)) !== stood, { timeout: 20_000 }).toBe(true)
  const after = (await seen()).turns[floor.turn!]!
  expect(after.paused_since).toBeUndefined()
  expect(after.paused_ms).toBeGreaterThanOrEqual(3000)

  // Lost once more, and the chair goes on without it by the alarm's own control.
  await booth.page.getByRole('button', { name: 'Interpretation lost' }).click()
  await chair.page.locator('[data-alarm="interpretation_lost"]').waitFor()
  await chair.page.getByRole('button', { name: 'Go on without interpretation' }).click()
  await booth.page.getByRole('button', { name: 'Interpretation lost' }).waitFor()
  expect((await seen()).turns[floor.turn!]!.paused_since).toBeUndefined()
  await room.context.close()
})

it('slow down is shown to the speaker and the chair, no sound alarms the chair and stops no clock', async () => {
  const { turns, floor, entries } = await seen()
  const { applicant } = entries[(turns[floor.turn!] as unknown as { entry: string }).entry]!
  const speaker = await open(browser, (await invite(server, ['speaker'], { applicant })).url, {
    width: 390,
    height: 844,
  })
  await live(speaker.page)
  await booth.page.getByRole('button', { name: 'Slow down' }).click()
  await speaker.page.getByText('Please slow down').first().waitFor()
  await chair.page.locator('[data-alarm="slow_down"]').waitFor()
  await booth.page.locator('[data-slow="true"]').waitFor()
  await booth.page.getByRole('button', { name: 'No sound' }).click()
  await chair.page.locator('[data-alarm="no_sound"]').waitFor()
  expect((await seen()).turns[floor.turn!]!.paused_since).toBeUndefined()
  await booth.page.getByRole('button', { name: 'Sound is back' }).click()
  await chair.page.locator('[data-alarm="no_sound"]').waitFor({ state: 'detached' })
  expect(speaker.wrong).toEqual([])
  await speaker.context.close()
})

it('microphones follow the floor: tally by HTTP hook, confirmed by the technician', async () => {
  const desk = await open(browser, technician.url, { width: 390, height: 844 })
  await live(desk.page)
  const before = (await seen()).booth!.microphone.seq
  // Each change of the floor so far was told once, in order, and signed with the session's key.
  await expect.poll(() => mixer.told.at(-1)?.seq).toBe(before)
  expect(mixer.told.every((one) => one.signed && one.code === server.links.code)).toBe(true)
  const seqs = mixer.told.map((one) => one.seq)
  expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b))
  await desk.page.locator('[data-tally="delivered"]').waitFor()

  // The floor changes, and the room's system fails at first: the same message again until it is taken.
  mixer.status = 503
  await press(chair.page, 'end')
  await press(chair.page, 'give')
  await chair.page.locator('[data-act="begin"]').waitFor()
  const { organisation } = Object.values((await seen()).entries).find((one) => one.state === 'on_floor')!
  await desk.page.getByText('The room’s system answers 503: switch by hand.').waitFor()
  mixer.status = 200
  await desk.page.locator('[data-tally="delivered"]').waitFor({ timeout: 60_000 })
  const last = mixer.told.at(-1)!
  expect(last.on && last.signed).toBe(true)
  expect(last.organisation).toBe(organisation)
  const same = mixer.told.filter((one) => one.seq === last.seq)
  expect(same.length).toBeGreaterThan(1)
  expect(new Set(same.map((one) => one.id)).size).toBe(1)

  // An interpreter sees it and cannot confirm; the technician does.
  await booth.page.locator(`[data-microphone="${last.seq}"]`).waitFor()
  expect(await booth.page.getByRole('button', { name: 'Microphone confirmed' }).count()).toBe(0)
  await desk.page.screenshot({ path: join(shots, 'booth-technician-390.png'), fullPage: true })
  await desk.page.getByRole('button', { name: 'Microphone confirmed' }).click()
  await desk.page.locator('[data-confirmed="true"]').waitFor()
  await booth.page.locator('[data-confirmed="true"]').waitFor()
  // The next change waits for a word of its own.
  await press(chair.page, 'begin')
  await press(chair.page, 'end')
  await desk.page.getByText('No speaker’s microphone is to be on.').waitFor()
  await desk.page.locator('[data-confirmed="false"]').waitFor()
  await expect.poll(() => mixer.told.at(-1)?.on, { timeout: 20_000 }).toBe(false)
  expect(desk.wrong).toEqual([])
  await desk.context.close()
})

it('end of interpretation and its extension: announced by the booth, an alarm to the chair, longer by agreement', async () => {
  const soon = new Date(Date.now() + 8 * 60_000)
  // The time zone of every page here.
  const time = new Intl.DateTimeFormat('en-GB', {
    hour: '2-digit',
    minute: '2-digit',
    timeZone: 'Europe/Zurich',
  }).format(soon)
  await booth.page.getByLabel('We end at').fill(time)
  await booth.page.getByRole('button', { name: 'Announce' }).click()
  const alarm = chair.page.locator('[data-alarm="interpretation_end"]')
  await alarm.getByText(/^Interpretation ends in \d+ min$/).waitFor()
  const { booth: now } = await seen()
  await alarm.getByRole('button', { name: 'Ask for 15 min more' }).click()
  await booth.page.locator('[data-asked]').waitFor()
  await booth.page.getByRole('button', { name: 'We cannot stay' }).click()
  await alarm.getByText(/^The interpreters cannot stay until/).waitFor()
  await alarm.getByRole('button', { name: 'Ask for 15 min more' }).click()
  await booth.page.getByRole('button', { name: 'We agree' }).click()
  await alarm.waitFor({ state: 'detached' })
  expect((await seen()).booth!.interpretation_end).toBe(now!.interpretation_end! + 15 * 60_000)
})

it('private notes with the secretariat are live on both consoles, kept from everybody else, and can be erased', async () => {
  const office = await open(browser, (await invite(server, ['secretariat'])).url)
  await live(office.page)
  await chair.page.getByRole('button', { name: /^Notes/ }).click()
  await chair.page.getByLabel('Write a note').fill('Is the delegate of Chad in the room? <b>')
  await chair.page.getByRole('button', { name: 'Send' }).click()
  await office.page.locator('[data-unread="1"]').waitFor()
  await office.page.getByRole('button', { name: /^Notes/ }).click()
  await office.page.getByText('Is the delegate of Chad in the room? <b>').waitFor()
  await office.page.getByLabel('Write a note').fill('In five minutes.')
  await office.page.keyboard.press('Enter')
  await chair.page.getByText('In five minutes.').waitFor()
  expect(await violations(chair.page)).toEqual([])
  await chair.page.screenshot({ path: join(shots, 'chair-notes-1280.png') })

  const notes = (token: string): Promise<Response> =>
    fetch(`${server.origin}/api/v1/sessions/${server.links.session}/notes`, {
      headers: { Authorization: `Bearer ${token}` },
    })
  for (const token of [server.links.organiser, interpreter.token, technician.token])
    expect((await notes(token)).status).toBe(403)
  // Neither the views of others nor their raw words hold any of it.
  for (const token of [interpreter.token, (await invite(server, ['observer'])).token])
    expect(JSON.stringify(await view(server, token))).not.toMatch(/"notes"|Chad/)

  await office.page
    .getByRole('button', { name: /^Erase the note of/ })
    .first()
    .click()
  for (const { page } of [chair, office])
    await page.getByText('Is the delegate of Chad in the room? <b>').waitFor({ state: 'detached' })
  await chair.page.getByText('In five minutes.').waitFor()
  await chair.page.getByRole('button', { name: 'Close', exact: true }).click()
  expect(office.wrong).toEqual([])
  await office.context.close()
})
