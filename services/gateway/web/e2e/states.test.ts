// Every page in every state that it can be in, against the real binary: how links are taken, how they fail, what
// each role can do, and that it all can be seen, read aloud and reached by keyboard at every size.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
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
const trouble = (page: Page): Promise<string | null> => page.locator('[data-trouble]').getAttribute('data-trouble')
const of = (page: 'chair' | 'speaker' | 'live' | 'booth'): string => `${server.origin}/s/${server.links.code}/${page}`

/** The organiser's own call of the API, for links that the sample does not print. */
async function api<T>(path: string, body?: unknown): Promise<T> {
  const answer = await fetch(`${server.origin}/api/v1/sessions/${server.links.session}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { Authorization: `Bearer ${server.links.organiser}`, 'Content-Type': 'application/json' },
    body: body ? JSON.stringify(body) : undefined,
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

interface Seen {
  lists: Record<string, string[]>
  entries: Record<string, { organisation: string; applicant: string; state: string; place?: number }>
}

/** A link for the delegate of whoever stands at a place of the list. */
async function delegateAt(place: number): Promise<{ url: string; organisation: string }> {
  const view = await api<Seen>('')
  const entry = view.entries[Object.values(view.lists)[0]![place - 1]!]!
  const { url } = await api<{ url: string }>('/invitations', {
    roles: ['speaker'],
    applicant: entry.applicant,
    expires: Date.now() + 3_600_000,
  })
  return {
    url: new URL(url, server.origin).href.replace(new URL(url, server.origin).origin, server.origin),
    organisation: entry.organisation,
  }
}

describe('links', () => {
  it('Four links in one browser do not overwrite each other, and none keeps its token in the address', async () => {
    const context = await browser.newContext()
    const { chair, speaker, live: observer, room } = server.links
    const tabs = []
    for (const url of [chair, speaker, observer, room]) {
      const tab = await context.newPage()
      await tab.goto(url)
      tabs.push(tab)
    }
    for (const tab of tabs) {
      await live(tab)
      expect(tab.url()).not.toContain('#')
      await tab.reload()
      await live(tab)
    }
    await tabs[0]!.getByRole('heading', { name: 'List of speakers' }).waitFor()
    await tabs[1]!.getByText('Your place').waitFor()
    await context.close()
  })

  it('A short link goes on to the page of its role', async () => {
    for (const page of ['chair', 'speaker', 'live', 'booth'] as const) {
      const short = server.links[page].replace(`/${page}#`, '#')
      const person = await open(browser, short)
      await person.page.waitForURL(of(page))
      await live(person.page)
      await person.context.close()
    }
  })

  it('A visitor follows a public session without a link', async () => {
    const person = await open(browser, `${server.origin}/s/${server.links.code.toLowerCase()}`)
    await person.page.waitForURL(/\/live$/)
    await live(person.page)
    expect(person.wrong).toEqual([])
    await person.context.close()
  })

  it('The first page takes a code', async () => {
    const person = await open(browser, server.origin)
    await person.page.getByLabel('Code', { exact: true }).fill('no')
    await person.page.getByRole('button', { name: 'Open the session' }).click()
    await person.page.getByText('A code has six or eight letters and digits').waitFor()
    await person.page.getByLabel('Code', { exact: true }).fill(server.links.code)
    await person.page.keyboard.press('Enter')
    await live(person.page)
    await person.context.close()
  })

  it.each([
    ['no such session', () => `${server.origin}/s/ZZZZZZ/live`, 'no_session'],
    ['a forged token', () => `${of('live')}#${server.links.live.split('#')[1]!.slice(0, -6)}AAAAAA`, 'expired'],
    ['a text that is no token', () => `${of('live')}#nonsense`, 'expired'],
    ['a speaker on the chair’s page', () => `${of('chair')}#${server.links.speaker.split('#')[1]}`, 'forbidden'],
    ['an observer on the speaker’s page', () => `${of('speaker')}#${server.links.live.split('#')[1]}`, 'forbidden'],
    ['the chair’s page without a link', () => of('chair'), 'personal'],
  ] as const)('%s: says what is wrong and what to do', async (name, url, want) => {
    const person = await open(browser, url(), { width: 390, height: 844 })
    await person.page.locator('[data-trouble]').waitFor()
    expect(await trouble(person.page)).toBe(want)
    expect((await person.page.getByRole('alert').innerText()).length).toBeGreaterThan(20)
    expect(await violations(person.page)).toEqual([])
    await person.page.screenshot({ path: join(shots, `trouble-${want}-${name.replaceAll(/\W+/g, '-')}.png`) })
    await person.context.close()
  })
})

describe('delegates', () => {
  it('A speaker goes two places back, exchanges places, withdraws and joins again', async () => {
    const one = await delegateAt(4)
    const two = await delegateAt(8)
    const [a, b] = await Promise.all([
      open(browser, one.url, { width: 390, height: 844 }),
      open(browser, two.url, { width: 390, height: 844, scheme: 'dark' }),
    ])
    const place = (page: Page, want: number): Promise<void> =>
      page.locator('[data-place]', { hasText: new RegExp(`^${want}$`) }).waitFor()
    await place(a.page, 4)
    await a.page.getByRole('button', { name: 'Not ready: two places back' }).click()
    await place(a.page, 6)

    await a.page.getByRole('button', { name: 'Exchange places…' }).click()
    await a.page.getByRole('searchbox').fill(two.organisation)
    await a.page.getByRole('radio').first().check()
    await a.page.screenshot({ path: join(shots, 'speaker-exchange.png') })
    await a.page.getByRole('button', { name: 'Confirm' }).click()
    await a.page.getByText(`You asked ${two.organisation} to exchange places`).waitFor()
    await b.page.getByText(`${one.organisation} (place 6) asks to exchange places with you`).waitFor()
    await b.page.screenshot({ path: join(shots, 'speaker-asked.png'), fullPage: true })
    expect(await violations(b.page)).toEqual([])
    await b.page.getByRole('button', { name: 'Accept' }).click()
    await Promise.all([place(a.page, 8), place(b.page, 6)])

    await b.page.getByRole('button', { name: 'Withdraw from the list' }).click()
    await b.page.getByRole('button', { name: 'Yes' }).click()
    await b.page.getByText('You have left the list.').waitFor()
    await b.page.getByRole('button', { name: 'Join the list of speakers' }).click()
    await place(b.page, 53)
    expect([...a.wrong, ...b.wrong]).toEqual([])
    await Promise.all([a.context.close(), b.context.close()])
  })
})

describe('the chair', () => {
  it('Runs what happens beside the turns: presence, moves with a reason, joint statements, standby, someone else speaking', async () => {
    const { page, wrong, context } = await open(browser, server.links.chair)
    await live(page)
    const names = (): Promise<string[]> => page.locator('.list ol .org').allTextContents()
    const before = await names()
    const row = (at: number) => page.locator('.list ol li').nth(at)
    const act = async (at: number, name: string): Promise<void> => {
      await row(at).locator('.head').click()
      await row(at).getByRole('button', { name, exact: true }).click()
    }

    await act(1, 'Mark as here')
    await row(1).getByText('checked in').waitFor()
    await row(1).locator('.head').click()

    await act(2, 'Move up…')
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('Write a reason').waitFor()
    await page.getByLabel(/^Reason/).fill('leaves for another meeting')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.locator('.list ol li').nth(1).filter({ hasText: before[2] }).waitFor()
    await page.screenshot({ path: join(shots, 'chair-row.png') })

    await page.keyboard.press('Escape')
    await act(3, 'Joint statement with…')
    await page.getByRole('searchbox').fill(before[4]!)
    await page.getByRole('checkbox').first().check()
    await page.getByRole('button', { name: 'Make a joint statement' }).click()
    await page.getByText('with 1 other', { exact: true }).waitFor()
    expect((await names()).length).toBe(before.length - 1)

    await act(4, 'To standby')
    await page.getByRole('heading', { name: 'On standby' }).waitFor()
    await page.getByRole('button', { name: 'Back on the list' }).click()
    await page.getByRole('heading', { name: 'On standby' }).waitFor({ state: 'hidden' })

    await press(page, 'start')
    await press(page, 'give')
    await press(page, 'begin')
    await page.locator('[data-act="end"]').waitFor()
    await page.getByRole('button', { name: 'Someone else is speaking…' }).click()
    const other = (await names())[2]!
    await page.getByRole('searchbox').fill(other)
    await page.getByRole('radio').first().check()
    await page.getByRole('button', { name: 'Confirm' }).click()
    await page.locator('[data-holder]', { hasText: other }).waitFor()
    expect(wrong).toEqual([])
    await context.close()
  })

  it('A refusal is shown in words with what happened since, and two chairs who press Next make one step', async () => {
    const [a, b] = await Promise.all([open(browser, server.links.chair), open(browser, 'about:blank')])
    // What the second would be told of the first waits until it has pressed too: neither has seen the other's.
    let held = false
    const late: (() => void)[] = []
    await b.page.routeWebSocket(/\/live$/, (socket) => {
      const far = socket.connectToServer()
      far.onMessage((message) => {
        if (held && /"type":"(patch|snapshot)"/.test(String(message))) late.push(() => socket.send(message))
        else socket.send(message)
      })
    })
    await b.page.goto(server.links.chair)
    await Promise.all([live(a.page), live(b.page)])
    await press(a.page, 'end')
    await Promise.all([a, b].map(({ page }) => page.locator('[data-act="give"][data-armed="true"]').waitFor()))
    const called = await a.page.locator('.list ol .org').first().innerText()
    held = true
    await a.page.keyboard.press('Space')
    await a.page.locator('[data-holder]', { hasText: called }).waitFor()
    await b.page.keyboard.press('n')
    held = false
    for (const tell of late.splice(0)) tell()
    const loser = b.page
    await loser.locator('[data-holder]', { hasText: called }).waitFor()
    await loser.getByText(/^Not done/).waitFor()
    expect(await a.page.getByText(/^Not done/).count()).toBe(0)
    await loser.getByText(/What to do: /).waitFor()
    await loser.screenshot({ path: join(shots, 'chair-refused.png') })
    expect(await violations(loser)).toEqual([])
    await loser.getByRole('button', { name: 'Dismiss' }).click()
    expect(await loser.getByText(/^Not done/).count()).toBe(0)
    await Promise.all([a.context.close(), b.context.close()])
  })

  it('A silent speaker is proposed to go two places back, and one key confirms', async () => {
    const { page, context } = await open(browser, server.links.chair)
    await live(page)
    // Called by the test before; nobody speaks for longer than h_max (20 s).
    await page.locator('[data-act="step_back"][data-armed="true"]').waitFor({ timeout: 90_000 })
    const silent = await page.locator('[data-holder]').innerText()
    await page.screenshot({ path: join(shots, 'chair-silent.png') })
    await page.keyboard.press('Space')
    await page.locator('[data-act="give"]').waitFor()
    expect((await page.locator('.list ol .org').allTextContents()).indexOf(silent)).toBe(2)
    await context.close()
  })

  it('A past turn is corrected with a reason', async () => {
    const { page, wrong, context } = await open(browser, server.links.chair)
    await live(page)
    await page
      .getByRole('button', { name: /^Correct the turn of/ })
      .first()
      .click()
    // The turn lasted some seconds: its begin is said to be one second before its end.
    const ended = await page.getByLabel('Ended').inputValue()
    const [hours, minutes, seconds] = ended.split(':').map(Number) as [number, number, number]
    const begun = new Date(Date.UTC(2026, 0, 2, hours, minutes, seconds - 1)).toISOString().slice(11, 19)
    await page.getByLabel('Began').fill(begun)
    await page.getByRole('button', { name: 'Correct the record' }).click()
    await page.getByText('Write a reason').waitFor()
    await page.getByLabel(/^Reason/).fill('began later than was pressed')
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: join(shots, 'chair-correct.png') })
    await page.getByRole('button', { name: 'Correct the record' }).click()
    await page.getByText(/^corrected · 0:01/).waitFor()
    expect(wrong).toEqual([])
    await context.close()
  })

  it('Single-key shortcuts act only when no control has the focus, and can be switched off', async () => {
    const { page, context } = await open(browser, server.links.chair)
    await live(page)
    await page.keyboard.press('?')
    await page.getByRole('heading', { name: 'Shortcuts' }).waitFor()
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: join(shots, 'chair-shortcuts.png') })
    // While the dialog asks, the keys behind it do nothing.
    await page.keyboard.press('n')
    await page.keyboard.press('Escape')
    await page.locator('dialog').waitFor({ state: 'hidden' })
    expect(await page.locator('[data-act]').getAttribute('data-act')).toBe('give')
    await page.getByRole('button', { name: 'Suspend session' }).focus()
    await page.keyboard.press('n')
    expect(await page.locator('[data-act]').getAttribute('data-act')).toBe('give')
    await page.evaluate(() => (document.activeElement as HTMLElement).blur())
    await page.keyboard.press('?')
    await page.getByRole('checkbox', { name: 'Single-key shortcuts' }).uncheck()
    await page.getByRole('button', { name: 'Close', exact: true }).click()
    await page.evaluate(() => (document.activeElement as HTMLElement).blur())
    await page.keyboard.press('?')
    await page.keyboard.press('n')
    expect(await page.locator('dialog').count()).toBe(0)
    expect(await page.locator('[data-act]').getAttribute('data-act')).toBe('give')
    expect(await page.locator('kbd').filter({ hasText: 'Space' }).count()).toBe(0)
    await context.close()
  })
})

it('The session is adjourned after its unheard speakers were counted, and reopened', async () => {
  const [chair, observer] = await Promise.all([open(browser, server.links.chair), open(browser, server.links.live)])
  await Promise.all([live(chair.page), live(observer.page)])
  const waiting = await chair.page.locator('.list ol .org').count()
  await chair.page.getByRole('button', { name: 'Adjourn…' }).click()
  await chair.page.locator(`[data-unheard="${waiting}"]`).waitFor()
  expect(await violations(chair.page)).toEqual([])
  await chair.page.screenshot({ path: join(shots, 'chair-adjourn.png') })
  await chair.page.getByRole('button', { name: 'Adjourn the session' }).click()
  await Promise.all([chair, observer].map(({ page }) => page.getByText('The session is adjourned').first().waitFor()))
  await chair.page.screenshot({ path: join(shots, 'chair-adjourned.png') })
  await chair.page.getByRole('button', { name: 'Undo the adjournment' }).click()
  await chair.page.locator('[data-act="give"]').waitFor()
  await Promise.all([chair.context.close(), observer.context.close()])
})

it('The first load of each page is at most 120 kB compressed without fonts', async () => {
  for (const name of ['chair', 'speaker', 'live', 'room'] as const) {
    const person = await open(browser, 'about:blank')
    const bodies: Promise<number>[] = []
    person.page.on('response', (response) => {
      if (/\.woff2$/.test(response.url()) || response.status() === 101) return
      // One that the closing page cuts off is no fault.
      const weight = response.body().then((body) => gzipSync(body).length)
      bodies.push(weight.catch(() => 0))
    })
    await person.page.goto(server.links[name])
    await live(person.page)
    await person.page.waitForLoadState('networkidle')
    const bytes = (await Promise.all(bodies)).reduce((sum, one) => sum + one, 0)
    expect(bytes, name).toBeGreaterThan(20_000)
    expect(bytes, name).toBeLessThanOrEqual(120_000)
    await person.context.close()
  }
})
