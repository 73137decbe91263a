// Script in every text that users write, through the public API, as every page shows it: nothing of it runs, becomes an
// element, or asks for anything.
import type { Browser, Page } from 'playwright-core'
import { afterAll, expect, it } from 'vitest'
import { launch } from './browser'
import { command, invite, view, Writer } from './people'
import { open, press, type Person } from './person'
import { serve, type Server } from './server'

let browser: Browser
let server: Server
const people: Person[] = []

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

/** Markup in the forms in which it gets through where somebody forgets to escape; each names the field that it stands in. */
const markup = (field: string): string =>
  `${field}<img src=x onerror="window.owned='${field}'"><b data-owned>"'><script>window.owned=1</script>{{7*7}}\${7*7}</b><svg onload=alert(1)><a href="javascript:alert(1)">x</a>`

/** As markup, where only so many characters are taken. */
const short = (field: string, most: number): string => `${field}<img data-owned src=x onerror=owned=1>`.slice(0, most)

const written: string[] = []

/** A text for a field, noted so that a page must show it. */
const text = (field: string, most = 300): string => {
  const value = markup(field).length > most ? short(field, most) : markup(field)
  written.push(field)
  return value
}

/** What a page made of the texts: elements, globals, attributes, links; and which of the fields it shows as text. */
const found = (page: Page, fields: readonly string[]): Promise<{ made: string[]; shown: string[] }> =>
  page.evaluate((fields) => {
    const made: string[] = []
    if ('owned' in window) made.push(`a script ran: ${String(window.owned)}`)
    const all: Element[] = []
    const walk = (root: Document | ShadowRoot | DocumentFragment): void => {
      for (const element of root.querySelectorAll('*')) {
        all.push(element)
        if (element.shadowRoot) walk(element.shadowRoot)
        if (element instanceof HTMLTemplateElement) walk(element.content)
      }
    }
    walk(document)
    for (const element of all) {
      if (element.hasAttribute('data-owned')) made.push(element.outerHTML.slice(0, 200))
      for (const { name, value } of element.attributes)
        if (name.startsWith('on') || /^\s*(javascript|data:text)/i.test(value))
          made.push(`${element.tagName} ${name}=${value}`)
    }
    const inputs = all.map((element) =>
      element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.value : '',
    )
    const body = `${document.title} ${document.body.textContent} ${inputs.join(' ')}`
    return { made, shown: fields.filter((field) => body.includes(`${field}<`)) }
  }, fields)

/** The organiser's sections, each with texts that it must show. */
const sections: Record<string, readonly string[]> = {
  setup: [],
  applicants: ['organisation'],
  register: ['another', 'objection', 'reason'],
  lot: [],
  invitations: [],
  paper: ['organisation'],
  rehearsal: [],
  record: [],
}

/** Opens whatever can be unfolded, and what is inside of it. */
async function unfold(page: Page): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await page.evaluate(async () => {
      for (const details of document.querySelectorAll('details')) details.open = true
      await new Promise(requestAnimationFrame)
    })
  }
}

it('XSS in every user-written field as seen in Chromium', async () => {
  server = await serve()
  browser = await launch()
  const { organiser } = server.links
  interface Seen {
    agenda: string[]
    lists: Record<string, string[]>
    applicants: Record<string, { organisation: string }>
  }
  const start = await view<Seen>(server, organiser)
  const part = start.agenda[0]!
  const secretary = await invite(server, ['secretariat'])
  const chair = await invite(server, ['chair'])
  const captioner = await invite(server, ['captioner'])

  // Every text of the registry.
  await command(server, secretary.token, 'change_session', { title: text('title', 200) })
  await command(server, secretary.token, 'add_part', { kind: 'item', title: text('topic', 200), minutes: 5 })
  const applied = await command(server, secretary.token, 'apply', {
    organisation: text('organisation'),
    accept: true,
    language: 'en',
  })
  const applicant = applied.made!.applicant!
  const added = await command(server, secretary.token, 'add_person', {
    applicant,
    roles: ['speaker'],
    value: {
      name: text('name', 200),
      form_of_address: short('address', 40),
      pronunciation: text('pronunciation', 200),
      display_name: short('display', 60),
      email: 'p@example.org',
      access_needs: text('needs', 200),
    },
  })
  const joined = await command(server, secretary.token, 'join', { part, applicant, delegate: added.made!.person })
  await command(server, secretary.token, 'file_text', {
    applicant,
    part,
    language: 'en',
    visibility: 'public_now',
    content: `${text('statement', 400)}\n\nA second paragraph.`,
  })
  await reasoned(chair.token, 'write_note', {}, text('note', 400))
  const second = await command(server, secretary.token, 'apply', { organisation: text('another') })
  await reasoned(secretary.token, 'object', { applicant: second.made!.applicant }, text('objection', 400))
  const third = await command(server, secretary.token, 'apply', { organisation: text('refused') })
  await reasoned(
    secretary.token,
    'decline',
    { applicant: third.made!.applicant, code: 'other' },
    text('reason', 400),
  ).catch(() => reasoned(secretary.token, 'decline', { applicant: third.made!.applicant }, 'reason'))
  // A speaker with these names has the floor, with captions and a glossary.
  const desk = await open(browser, server.links.chair)
  people.push(desk)
  await press(desk.page, 'start')
  await desk.page.locator('[data-act="give"]').waitFor()
  const now = await view<Seen & { entries: Record<string, { state: string }>; floor: { turn?: string } }>(
    server,
    organiser,
  )
  const entry = joined.made!.entry!
  await expecting(chair.token, 'give', { entry }, { turn: now.floor.turn ?? '', entry })
  await press(desk.page, 'begin')
  await command(server, captioner.token, 'set_glossary', {
    terms: [{ wrong: short('wrong', 60), right: text('right', 200), note: text('remark', 200) }],
  })
  const writer = await Writer.open(server, captioner.token, 'en', short('label', 60))
  await writer.write([text('caption', 900), `>> ${short('said', 40).replace(/[:>]/g, '')}: words`])

  // Every page, as whoever sees the most of it.
  const speaker = await invite(server, ['speaker'], { applicant, person: added.made!.person })
  const booth = await invite(server, ['interpreter', 'technician'])
  const pages: Record<string, string> = {
    chair: server.links.chair,
    cue: server.links.chair.replace('#', '?cue#'),
    compact: server.links.chair.replace('#', '?compact#'),
    secretary: secretary.url,
    speaker: speaker.url,
    live: server.links.live,
    room: server.links.room,
    overlay: server.links.room.replace('#', '?overlay#'),
    booth: booth.url,
    desk: captioner.url,
    organiser: `${server.origin}/s/${server.links.code}/organiser#${organiser}`,
    apply: `${server.origin}/s/${server.links.code}/apply`,
    plain: `${server.origin}/s/${server.links.code}/plain`,
    index: `${server.origin}/?code=${encodeURIComponent(markup('code'))}&lang=${encodeURIComponent(markup('lang'))}`,
  }
  const shown = new Set<string>()
  for (const [name, url] of Object.entries(pages)) {
    const person = await open(browser, url)
    if (['plain', 'index', 'apply'].includes(name)) await person.page.locator('h1').first().waitFor()
    else if (name !== 'overlay') await person.page.locator('[data-status="live"]').waitFor()
    // Whatever opens: its texts are shown as well.
    if (!['plain', 'index'].includes(name))
      await person.page
        .getByText('organisation<')
        .or(person.page.getByText('title<'))
        .or(person.page.getByText('caption<'))
        .first()
        .waitFor({ timeout: 3_000, state: 'attached' })
        .catch(() => undefined)
    const dialogs: string[] = []
    person.page.on('dialog', (dialog) => {
      dialogs.push(dialog.message())
      void dialog.dismiss()
    })
    const look = async (where: string, expected: readonly string[] = []): Promise<void> => {
      await unfold(person.page)
      // What is opened may ask the server for its texts first.
      for (const field of expected)
        await person.page.waitForFunction((start) => document.body.textContent?.includes(start), `${field}<`, {
          timeout: 20_000,
        })
      const { made, shown: here } = await found(person.page, written)
      expect(made, where).toEqual([])
      expect(dialogs, where).toEqual([])
      // The form without a link asks who it is for, and is told so.
      expect(
        person.wrong.filter((line) => !/status of 40[134]/.test(line)),
        where,
      ).toEqual([])
      for (const field of here) shown.add(field)
    }
    await look(name)
    if (name === 'organiser') {
      for (const [section, expected] of Object.entries(sections)) {
        await person.page.locator(`nav a[href="#${section}"]`).click()
        await person.page.locator(`main[data-section="${section}"] :is(h2, h3, form, p)`).first().waitFor()
        await look(`${name}, ${section}`, expected)
      }
    }
    await person.context.close()
  }
  // The chair's notes are behind a button of their own.
  await desk.page.getByRole('button', { name: /^Notes/ }).click()
  await desk.page.getByText('note<').first().waitFor()
  const notes = await found(desk.page, written)
  expect(notes.made).toEqual([])
  for (const field of notes.shown) shown.add(field)
  // That nothing ran means something only where the texts are shown; these two are for whoever asks for them by name.
  expect(written.filter((field) => !shown.has(field) && !['needs', 'refused', 'remark'].includes(field))).toEqual([])
  expect(desk.wrong).toEqual([])

  // The control: where a page does take it for markup, all of this is found.
  const control = await open(browser, `${server.origin}/s/${server.links.code}/plain`)
  await control.page.evaluate((markup) => {
    const div = document.createElement('div')
    div.innerHTML = markup
    document.body.append(div)
  }, markup('control'))
  const { made } = await found(control.page, [])
  expect(made.length).toBeGreaterThanOrEqual(3)
  expect(control.wrong.length).toBeGreaterThanOrEqual(1)
  await control.context.close()
}, 170_000)

/** A command with a reason in words; throws when it is refused. */
async function reasoned(token: string, verb: string, args: object, reason: string): Promise<void> {
  await send(token, { verb, args, reason })
}

/** A command with what it expects. */
async function expecting(token: string, verb: string, args: object, expect: object): Promise<void> {
  await send(token, { verb, args, expect })
}

async function send(token: string, frame: object): Promise<void> {
  const response = await fetch(`${server.origin}/api/v1/sessions/${server.links.session}/commands`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(frame),
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
}
