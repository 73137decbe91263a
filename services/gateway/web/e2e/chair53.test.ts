// A whole session by keyboard, with a phone in every hand, and at the end one question: does every page say what the
// log says? The short run plays the first speakers of the list; FAIRFLOOR_LONG plays all 53 turns with 55 phones.
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFailed } from 'vitest'
import { launch } from './browser'
import { Keyboard } from './keyboard'
import { invite, view } from './people'
import { open, phone, press, type Person } from './person'
import { recordOf } from './record'
import { serve, type Server } from './server'

const long = !!process.env.FAIRFLOOR_LONG
/** How many turns are held, and for how many of the list there is a phone. */
const turns = long ? 53 : 8
const limit = 900_000

let browser: Browser
let server: Server

beforeAll(async () => {
  server = await serve()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

interface Listed {
  lists: Record<string, string[]>
  entries: Record<string, { id: string; applicant: string; organisation: string }>
}

const live = (page: Page): Promise<void> => page.locator('[data-status="live"]').waitFor({ timeout: limit })
const says = (page: Page, text: string | RegExp): Promise<void> =>
  page.getByText(text).filter({ visible: true }).first().waitFor()

/** m:ss of whole seconds, as every page writes a length. */
const span = (ms: number): string => {
  const seconds = Math.floor(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

/** Opens a phone for the first `count` of the list, some at a time, and two that only watch. */
async function phones(count: number): Promise<{ speakers: Map<string, Person>; observers: Person[] }> {
  const { lists, entries } = await view<Listed>(server, server.links.organiser)
  const first = Object.values(lists)[0]!.slice(0, count)
  const speakers = new Map<string, Person>()
  const todo = first.map((id) => entries[id]!)
  const observers: Person[] = []
  const more = async (): Promise<void> => {
    for (let one = todo.shift(); one; one = todo.shift()) {
      const { url } = await invite(server, ['speaker'], { applicant: one.applicant })
      const person = await open(browser, url, phone)
      await live(person.page)
      speakers.set(one.organisation, person)
    }
  }
  await Promise.all([more(), more(), more()])
  for (let i = 0; i < 2; i++) {
    const person = await open(browser, server.links.live, phone)
    await live(person.page)
    observers.push(person)
  }
  return { speakers, observers }
}

it(
  'A scripted chair runs 53 turns by keyboard alone with merge, move, defer, no-show, point of order, right of reply, extension, undo and a ladder choice; 55 phone contexts hold the speakers and observers; at the end every page agrees with the log',
  async () => {
    const began = performance.now()
    const { speakers, observers } = await phones(turns)
    const opened = performance.now()
    const chair = await open(browser, server.links.chair)
    await live(chair.page)
    const { page } = chair
    const keys = await Keyboard.of(page)
    onTestFailed(async () => {
      await page.screenshot({ path: join(import.meta.dirname, '../screenshots/chair53-failed.png') })
    })

    const rows = page.locator('.list ol:not(.past) .org')
    const names = (): Promise<string[]> => rows.allTextContents()
    const holder = page.locator('[data-holder]')
    /** Goes to a row of the list by its place, and opens it. */
    const row = async (place: number): Promise<string> => {
      await keys.leave()
      await keys.to(/^\d+ /)
      await keys.press('Home')
      for (let i = 1; i < place; i++) await keys.press('ArrowDown')
      const name = (await names())[place - 1]!
      expect((await keys.here())?.name).toContain(name)
      return name
    }
    const at = (place: number, name: string): Promise<void> =>
      page
        .locator('.list ol:not(.past) li')
        .nth(place - 1)
        .filter({ hasText: name })
        .waitFor()
    const act = (of: string): Locator => page.locator(`[data-act="${of}"]`)

    // Before the start: two of them speak together, and one is moved, with a reason.
    const lead = await row(4)
    const member = (await names())[6]!
    await keys.press('Enter')
    await keys.use('Joint statement with…')
    await keys.type(member)
    await keys.use(new RegExp(`^${member}`), 'Space')
    await keys.use('Make a joint statement')
    await page.getByText('with 1 other', { exact: true }).waitFor()
    const moved = await row(6)
    await keys.press('Alt+ArrowUp')
    await page.getByRole('dialog').waitFor()
    await keys.type('leaves for another meeting')
    await keys.use('Confirm')
    await at(5, moved)
    await keys.leave()

    await press(page, 'start')
    // Another minimum does not fit any more: the chair chooses from the ladder.
    await keys.use('More…')
    await keys.use('Minimum and promise…')
    await keys.to(/^New minimum/)
    await keys.press('Control+A')
    await keys.type('150')
    await keys.use('Set the minimum')
    await page.locator('[data-verdict].short').waitFor()
    await keys.leave()
    await keys.use('Choose what to do…')
    await keys.choose(/^Lower the minimum/)
    await page.getByRole('heading', { name: 'What this changes' }).waitFor()
    await keys.use('Do this')
    await page.getByText(/^All \d+ still waiting will be heard/).waitFor()
    await keys.leave()

    let held = 0
    /** Calls the next, who begins: every second one says so on their own phone. */
    const call = async (): Promise<string> => {
      await act('give').waitFor()
      await press(page, 'give', held % 2 ? 'Space' : 'n')
      await act('begin').waitFor()
      const who = await holder.innerText()
      const own = speakers.get(who)
      if (own) await says(own.page, 'You have the floor')
      return who
    }
    const begin = async (who: string): Promise<void> => {
      const own = speakers.get(who)?.page
      if (own && held % 2) await own.getByRole('button', { name: 'I am speaking' }).tap()
      else await press(page, 'begin')
      await act('end').waitFor()
    }
    const end = async (who: string): Promise<void> => {
      const own = speakers.get(who)?.page
      if (own && held % 4 === 1) await own.getByRole('button', { name: 'I am done' }).tap()
      else await press(page, 'end')
      held++
      await page.locator('[data-act="give"], [data-act="adjourn"]').waitFor()
    }
    const turn = async (between?: (who: string) => Promise<void>): Promise<string> => {
      const who = await call()
      await begin(who)
      await between?.(who)
      await end(who)
      return who
    }

    await turn()
    // An extension; and somebody asks for a right of reply on their phone.
    await turn(async () => {
      await keys.press('+')
      await says(page, /0:30 added/)
    })
    const replying = (await names())[3]!
    const asks = speakers.get(replying)!.page
    await asks.getByText('Other ways to speak').tap()
    await asks.getByRole('button', { name: 'Request a right of reply' }).tap()
    // It is the last on the list, where the console looks only when it is scrolled.
    const scroll = (to: number): Promise<void> =>
      page.locator('.list .scroll').evaluate((at, top) => at.scrollTo({ top }), to)
    await says(asks, 'Your place (Right of reply)')
    await scroll(1e6)
    await says(page, 'Right of reply')
    await scroll(0)

    // A point of order is raised on a phone while another holds the floor: heard and ruled upon by keys.
    await turn(async (who) => {
      const raiser = (await names())[1]!
      const own = speakers.get(raiser)!.page
      if (!(await own.getByRole('button', { name: 'Raise a point of order' }).isVisible()))
        await own.getByText('Other ways to speak').tap()
      await own.getByRole('button', { name: 'Raise a point of order' }).tap()
      await own.getByRole('button', { name: 'Yes' }).tap()
      await says(page, `${raiser} raises a point of order`)
      await keys.press('o')
      await act('rule').waitFor()
      await says(own, 'The chair hears your point of order. Speak now.')
      await says(observers[0]!.page, `${who} keeps the floor; the clock stands.`)
      await keys.use('Dismissed')
      await keys.leave()
      await act('end').waitFor()
      await says(own, 'Your point of order: Dismissed.')
    })

    // The floor was given by mistake: taken back, and the one before goes on.
    await turn(async (who) => {
      await page.locator('[data-act="end"][data-armed="true"]').waitFor()
      await keys.press('t')
      await act('begin').waitFor()
      const other = await holder.innerText()
      expect(other).not.toBe(who)
      await page.getByRole('button', { name: /^Undo/ }).waitFor()
      await keys.press('u')
      await holder.filter({ hasText: who }).waitFor()
      await act('end').waitFor()
      expect((await names())[0]).toBe(other)
    })

    // Somebody does not answer the call: passed over, and called again from standby.
    const absent = await call()
    await page.locator('[data-act="begin"][data-armed="true"]').waitFor()
    await keys.press('a')
    await act('give').waitFor()
    await says(speakers.get(absent)!.page, /Your place is kept on standby/)
    await keys.use('Back on the list')
    await keys.leave()
    await expect.poll(names).toContain(absent)

    // Somebody goes two places back.
    const deferred = await row(2)
    await keys.press('Enter')
    await keys.use('Two places back')
    await at(4, deferred)
    await keys.leave()

    while (held < turns) await turn()

    // The end, which says first who was not heard.
    const waiting = (await names()).length
    await keys.use('Adjourn…')
    await page.locator(`[data-unheard="${waiting}"]`).waitFor()
    await keys.use('Adjourn the session')
    await says(page, 'The session is adjourned')
    const done = performance.now()

    const everybody = [chair, ...speakers.values(), ...observers]
    const receipts = await Promise.all(
      everybody.map((person) =>
        person.page.evaluate(() =>
          Object.entries(localStorage).filter(([key]) => key.startsWith('fairfloor.receipts.')),
        ),
      ),
    )
    const { record, verdict } = await recordOf(
      server,
      receipts.flat().flatMap(([, kept]) => JSON.parse(kept) as unknown[]),
    )
    expect(verdict.differences).toEqual([])
    expect(verdict.verified).toBe(true)
    expect(verdict.receipts).toBeGreaterThan(2 * turns)

    // What the log says, in the words of the pages. The record knows the turns that were held; who was called and not
    // there is one of its decisions.
    const wanted = record.turns.map((one) => ({ who: one.organisation, what: span(one.used_ms) }))
    const heldThere = (told: { who: string; what: string }[]): void => {
      expect(told.filter((one) => one.what !== 'was not here').toReversed()).toEqual(wanted)
      expect(told.filter((one) => one.what === 'was not here').map((one) => one.who)).toEqual([absent])
      expect(record.decisions.filter((one) => one.verb === 'no_show').length).toBe(1)
    }
    expect(wanted.length).toBe(turns)
    for (const verb of ['merge', 'move', 'defer', 'no_show', 'admit_point', 'rule', 'extend_turn', 'undo'])
      expect(record.decisions.map((one) => one.verb)).toContain(verb)
    expect(record.entries.filter((one) => one.kind === 'right_of_reply').length).toBe(1)

    // The chair's list of turns, and its figures.
    const told = await page.locator('.past li').evaluateAll((all) =>
      all.map((li) => ({
        who: li.querySelector('bdi')!.textContent,
        what: /\d+:\d\d|was not here|stepped back/.exec(li.querySelector('.end')!.textContent)?.[0] ?? '',
      })),
    )
    heldThere(told)
    expect(await page.locator('.measures').innerText()).toContain(`${record.figures.heard} heard`)

    // What everybody can follow.
    for (const observer of observers) {
      await says(observer.page, 'The session is adjourned')
      const past = await observer.page.locator('.past li:not(.undone)').evaluateAll((all) =>
        all.map((li) => ({
          who: li.querySelector('.who > bdi')!.textContent,
          what:
            li.querySelector('.when')!.textContent.trim() ||
            (/was not here|stepped back/.exec(li.querySelector('.who')!.textContent)?.[0] ?? ''),
        })),
      )
      heldThere(past)
      expect(await observer.page.locator('.past li.undone').count()).toBe(
        record.decisions.filter((one) => one.verb === 'undo').length,
      )
    }

    // Each phone: what became of each entry of its own.
    const own = new Map<string, string[]>()
    const leads = new Map(record.entries.flatMap((one) => (one.members ?? []).map((id) => [id, one] as const)))
    for (const entry of record.entries) {
      const turnOf = record.turns.findLast((one) => one.entry === entry.id)
      const all = own.get(entry.organisation) ?? []
      own.set(entry.organisation, all)
      if (entry.kind === 'point_of_order') all.push('Your point of order: Dismissed.')
      else if (entry.state === 'merged')
        all.push(`You are part of the joint statement of ${leads.get(entry.id)!.organisation}.`)
      else if (entry.state === 'not_reached') all.push('The session ended before your turn')
      else if (turnOf)
        all.push(
          'You have spoken. Thank you.',
          `You used ${span(turnOf.used_ms)} of ${span(turnOf.offered_ms + (turnOf.added_ms ?? 0))}.`,
        )
    }
    expect(own.get(member)).toContain(`You are part of the joint statement of ${lead}.`)
    for (const [name, person] of speakers) {
      const text = (await person.page.locator('main').innerText()).replaceAll(/[\u2066-\u2069]/g, '')
      for (const sentence of own.get(name)!) expect(text, name).toContain(sentence)
      expect(await person.page.locator('[data-status]').first().getAttribute('data-status')).toBe('live')
    }

    expect(keys.unseen).toEqual([])
    expect(keys.stops).toBeGreaterThan(100)
    expect(await keys.pointed()).toBe(0)
    expect(everybody.flatMap((person) => person.wrong)).toEqual([])
    console.log(
      `${turns} turns, ${speakers.size + observers.length} phones opened in ${Math.round((opened - began) / 1000)} s, run in ${Math.round((done - opened) / 1000)} s; ${keys.stops} stops of the focus, ${verdict.receipts} receipts verified`,
    )
  },
  limit,
)
