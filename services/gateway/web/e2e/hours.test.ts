// Eight hours in a minute or two: a session whose own clock runs fast (decisions.md 7), a server that beats as often, and
// pages whose timers fire as often, with everything real between them: the binary, its log, the line, the browser.
import { randomBytes } from 'node:crypto'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { launch } from './browser'
import { command, invite, view, Writer } from './people'
import { serve, type Server } from './server'

/** How many times as fast as the wall's clock all of it runs, and for how long, h of the session. */
const speed = 300
const hours = process.env.FAIRFLOOR_LONG ? 8 : 1
const hour = 3_600_000
/** A turn every two minutes of the session. */
const turns = hours * 30

let browser: Browser
let server: Server

beforeAll(async () => {
  const beat = `${Math.floor(1e6 / speed)}us`
  server = await serve(['--beat', beat, '--commands-per-second', '2000'])
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

interface Seen {
  agenda: string[]
  applicants: Record<string, object>
  floor: { turn?: string }
  turns: Record<string, { begun_at?: number; allotted_ms?: number; added_ms?: number; paused_ms?: number }>
}

/** A session of applicants that all wait, whose clock runs fast from now on. */
async function fast(): Promise<{ server: Server; started: number }> {
  const now = Date.now()
  const answer = await fetch(`${server.origin}/api/v1/sessions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${server.links.organiser}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      title: 'A long day',
      planned_start: now,
      hard_end: now + (hours + 8) * hour,
      zone: 'UTC',
      languages: ['en'],
      clock: { s0: now, w0: now, speed_permille: speed * 1000 },
      clock_mode: 'scaled',
    }),
  })
  if (!answer.ok) throw new Error(await answer.text())
  const { session, code } = (await answer.json()) as { session: string; code: string }
  const own: Server = { ...server, links: { ...server.links, session, code } }
  const rows = Array.from({ length: turns + 8 }, (_, i) => ({ organisation: `Organisation ${i}`, accept: true }))
  const as = server.links.organiser
  for (let i = 0; i < rows.length; i += 200) await command(own, as, 'import', { rows: rows.slice(i, i + 200) })
  const seen = await view<Seen>(own, as)
  const part = seen.agenda[0]!
  await command(own, as, 'open_list', { part })
  const all = Object.keys(seen.applicants)
  for (let i = 0; i < all.length; i += 16)
    await Promise.all(all.slice(i, i + 16).map((applicant) => command(own, as, 'join', { part, applicant })))
  return { server: own, started: now }
}

/** Makes each timer of a page fire as much sooner as the session runs faster, and counts how often they do. */
async function hurry(page: Page): Promise<void> {
  await page.addInitScript((by) => {
    const ticks = { intervals: 0 }
    Object.assign(window, { ticks })
    const [every, later] = [window.setInterval.bind(window), window.setTimeout.bind(window)]
    window.setInterval = ((run: () => void, ms = 0) =>
      every(() => {
        ticks.intervals++
        run()
      }, ms / by)) as typeof setInterval
    window.setTimeout = ((run: () => void, ms = 0, ...more: unknown[]) =>
      later(run, ms / by, ...more)) as typeof setTimeout
  }, speed)
}

interface Long {
  name: string
  page: Page
  cdp: CDPSession
  frames: number
  wrong: string[]
}

interface Weight {
  heap: number
  nodes: number
  listeners: number
}

/** What the page weighs when everything that nobody holds is gone. */
async function weigh({ cdp }: Long): Promise<Weight> {
  for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage')
  const { metrics } = (await cdp.send('Performance.getMetrics')) as { metrics: { name: string; value: number }[] }
  const of = (name: string): number => metrics.find((one) => one.name === name)!.value
  return { heap: of('JSHeapUsedSize'), nodes: of('Nodes'), listeners: of('JSEventListeners') }
}

async function follow(name: string, url: string): Promise<Long> {
  const page = await (await browser.newContext({ locale: 'en-GB' })).newPage()
  await hurry(page)
  const long: Long = { name, page, cdp: await page.context().newCDPSession(page), frames: 0, wrong: [] }
  page.on('websocket', (socket) => socket.on('framereceived', () => long.frames++))
  page.on('pageerror', (error) => long.wrong.push(String(error)))
  await long.cdp.send('Performance.enable')
  await page.goto(url)
  await page.locator('[data-status="live"]').waitFor()
  return long
}

/** How far, in ms of the wall's clock, the number on a page is from what the log and the session's clock say; the median of a second's frames. */
async function drift(page: Page, own: Server, started: number): Promise<number> {
  const shown = await page.evaluate(async () => {
    const samples: { at: number; text: string }[] = []
    const until = performance.now() + 1000
    while (performance.now() < until) {
      await new Promise(requestAnimationFrame)
      const text = document.querySelector('[data-numeral]')?.textContent ?? ''
      samples.push({ at: performance.timeOrigin + performance.now(), text })
    }
    return samples
  })
  const seen = await view<Seen>(own, own.links.organiser)
  const turn = seen.turns[seen.floor.turn!]!
  const apart = shown.map(({ at, text }) => {
    const [, sign, minutes, seconds] = /([−-])?(\d+):(\d\d)/.exec(text) ?? []
    const left = (Number(minutes) * 60 + Number(seconds)) * 1000 * (sign ? -1 : 1)
    const session = started + (at - started) * speed
    const true_ = turn.allotted_ms! + (turn.added_ms ?? 0) - (session - turn.begun_at! - (turn.paused_ms ?? 0))
    return Math.abs(left - true_) / speed
  })
  return apart.toSorted((a, b) => a - b)[Math.floor(apart.length / 2)]!
}

it('The live and room pages stay up for 8 virtual hours without growth of memory or drift', async () => {
  const { server: own, started } = await fast()
  const chair = await invite(own, ['chair'])
  const pages = [
    await follow('live', (await invite(own, ['observer'])).url),
    await follow('room', `${own.origin}/s/${own.links.code}/room`),
  ]
  const act = (verb: string, args: object = {}): Promise<unknown> => command(own, chair.token, verb, args)
  // A state does not wait for a view; nothing is expected of it here, so that the pages set the pace of nobody.
  const said = await Writer.open(own, (await invite(own, ['captioner'])).token, 'en')
  await act('start_session')
  const sessionNow = (): number => started + (Date.now() - started) * speed
  const began = sessionNow()
  const weights = new Map<string, Weight[]>(pages.map(({ name }) => [name, []]))
  const offset: Record<string, number[]> = { live: [], room: [] }
  const first = Math.ceil(turns / 8)
  for (let turn = 0; turn < turns; turn++) {
    const seen = await view<Seen & { lists: Record<string, string[]> }>(own, own.links.organiser)
    const entry = Object.values(seen.lists)[0]![0]!
    await expectingCommand(own, chair.token, 'next', {}, { turn: seen.floor.turn ?? '', entry })
    const given = (await view<Seen>(own, own.links.organiser)).floor.turn!
    await expectingCommand(own, chair.token, 'begin', { turn: given }, { turn: given })
    await said.write([`Statement ${turn}, its first sentence.`, `Statement ${turn}, its second sentence.`])
    if (turn === first || turn === turns - 1) {
      for (const long of pages) {
        await long.page.locator('[data-status="live"]').waitFor()
        weights.get(long.name)!.push(await weigh(long))
        offset[long.name]!.push(await drift(long.page, own, started))
      }
    }
    const due = began + ((turn + 1) * hours * hour) / turns
    const early = (due - sessionNow()) / speed
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
  }
  const passed = (sessionNow() - began) / hour
  expect(passed, 'hours of the session').toBeGreaterThanOrEqual(hours)
  for (const long of pages) {
    const [early, late] = weights.get(long.name) as [Weight, Weight]
    const ticks = await long.page.evaluate(
      () => (window as unknown as { ticks: { intervals: number } }).ticks.intervals,
    )
    const grown = {
      heap: late.heap - early.heap,
      nodes: late.nodes - early.nodes,
      listeners: late.listeners - early.listeners,
    }
    console.log(
      `${long.name}: ${passed.toFixed(1)} h, ${turns} turns, ${long.frames} frames, ${ticks} ticks; heap ${early.heap} to ${late.heap} B, ` +
        `nodes ${early.nodes} to ${late.nodes}, listeners ${early.listeners} to ${late.listeners}; ` +
        `drift ${offset[long.name]!.map((ms) => ms.toFixed(0)).join(' and ')} ms`,
    )
    // The page's own timers and the server's beats both really ran.
    // (How many of them a busy machine drops is no matter here.)
    expect(ticks, `${long.name}: seconds that its watch looked`).toBeGreaterThan(hours * 360)
    expect(long.frames, `${long.name}: frames`).toBeGreaterThan(hours * 360)
    // What is shown grows by what was said and who spoke, in B for a turn with two captions; nothing else does. The
    // room shows neither.
    const content = turns * (long.name === 'room' ? 5000 : 40_000)
    expect(grown.heap, `${long.name}: bytes more`).toBeLessThan(1_500_000 + content)
    expect(grown.nodes, `${long.name}: nodes more`).toBeLessThan(long.name === 'room' ? 300 : 300 + turns * 60)
    expect(grown.listeners, `${long.name}: listeners more`).toBeLessThan(50)
    for (const ms of offset[long.name]!) expect(ms, `${long.name}: ms from the log's own time`).toBeLessThanOrEqual(100)
    expect(long.wrong).toEqual([])
    await long.page.context().close()
  }
}, 600_000)

/** A command with what it expects of the state, as a chair's page sends it. */
async function expectingCommand(
  own: Server,
  token: string,
  verb: string,
  args: object,
  expected: object,
): Promise<void> {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
  const answer = await fetch(`${own.origin}/api/v1/sessions/${own.links.session}/commands`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ id, verb, args, expect: expected }),
  })
  if (!answer.ok) throw new Error(`${verb}: ${await answer.text()}`)
}
