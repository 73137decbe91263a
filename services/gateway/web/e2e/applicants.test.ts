// Before a session: a stranger applies, the secretariat imports, decides, draws the lot, invites and prints. One
// session goes through all of it, in the order in which it happens.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import jsQR from 'jsqr'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { cut, overflow } from './look'
import { command, invite, view } from './people'
import { open, type Person } from './person'
import { serve, type Server } from './server'

const shots = join(import.meta.dirname, '../screenshots/organiser')
const stranger = 'Fundación Ñandú – “open” <web> & co.'

let browser: Browser
let server: Server
/** The session of this test as the helpers know one. */
let own: Server
let office: Person
let phone: Person
let folder: string

interface Seen {
  agenda: string[]
  lists: Record<string, string[]>
  entries: Record<string, { organisation: string; kind: string; state: string; delegate?: string; place?: number }>
  persons: Record<string, { name?: string; display_name?: string }>
  register: { accepted: number; declined: Record<string, number>; objections: number; appeals: number }
  applicants: Record<string, { organisation: string; state: string; reason?: string }>
}

const seen = (token = own.links.organiser): Promise<Seen> => view<Seen>(own, token)

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  folder = mkdtempSync(join(tmpdir(), 'fairfloor-applicants-'))
  server = await serve()
  browser = await launch()
  const start = Math.ceil(Date.now() / 3_600_000 + 48) * 3_600_000
  const answer = await fetch(`${server.origin}/api/v1/sessions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${server.links.organiser}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      title: 'Informal consultation on the draft',
      planned_start: start,
      hard_end: start + 5_400_000,
      zone: 'Europe/Zurich',
      languages: ['en', 'fr'],
    }),
  })
  const made = (await answer.json()) as { session: string; code: string }
  expect(answer.ok, JSON.stringify(made)).toBe(true)
  own = { ...server, links: { ...server.links, session: made.session, code: made.code } }
  await command(own, own.links.organiser, 'change_session', {
    modalities: { open_applications: true, public_live: true, order: 'lot' },
  })
  const { token } = await invite(own, ['secretariat'])
  office = await open(browser, `${server.origin}/s/${made.code}/organiser#${token}`)
  await office.page.locator('[data-status="live"]').waitFor()
}, 120_000)

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await browser?.close()
  await server?.stop()
})

/** Goes to a section of the organiser's page, by its link. */
async function section(name: string): Promise<Page> {
  const { page } = office
  await page.locator(`nav a[href="#${name}"]`).click()
  await page.locator(`main[data-section="${name}"]`).waitFor()
  return page
}

async function look(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
  expect(await violations(page), name).toEqual([])
  expect((await overflow(page)).wide, name).toBeLessThanOrEqual(0)
  expect(await cut(page), name).toEqual([])
}

/** How many sheets a PDF has, and of which size, in points. */
function sheets(pdf: Buffer): { number: number; size: string } {
  const text = pdf.toString('latin1')
  const box = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(text)
  return {
    number: [...text.matchAll(/\/Type \/Page\b(?!s)/g)].length,
    size: `${Math.round(Number(box?.[1]))} x ${Math.round(Number(box?.[2]))}`,
  }
}

describe('Applications with public form, import with preview, decisions, lot ceremony, invitations and a printable QR sheet', () => {
  it('a stranger applies by the form on a phone: what is wrong is said at its field, and the link shows where it stands', async () => {
    phone = await open(browser, `${server.origin}/s/${own.links.code}/apply`, { width: 390, height: 844 })
    const { page } = phone
    await page.locator('[data-form]').waitFor()
    await look(page, 'apply-390')
    await page.getByRole('button', { name: 'Send the application' }).click()
    await page.locator('[data-refused]').waitFor()
    // The first field at fault has the focus and its error is tied to it.
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-field'))).toBe('organisation')
    expect(await page.locator('[aria-invalid="true"]').count()).toBe(3)
    await page.locator('[data-field="organisation"]').fill(stranger)
    await page.locator('[data-field="group"]').selectOption('civil society')
    await page.locator('[data-field="region"]').selectOption('GRULAC')
    await page.locator('[data-field="language"]').selectOption('es')
    await page.locator('[data-field="requested"]').fill('10')
    await page.locator('[data-field="first_time"]').check()
    await page.locator('[data-field="name"]').fill('María Ñíguez')
    await page.locator('[data-field="email"]').fill('maria@nandu.example')
    await page.locator('[data-field="access_needs"]').fill('A ramp')
    await page.locator('[data-field="basis"]').fill('Twelve years of work on the subject.')
    await page.keyboard.press('Tab')
    await page.locator('[data-field="basis"]').press('Enter')
    await page.getByRole('button', { name: 'Send the application' }).press('Enter')
    await page.getByText('Give 30 to 600 seconds, or leave it empty.').waitFor()
    await look(page, 'apply-wrong-390')
    await page.locator('[data-field="requested"]').fill('120')
    await page.getByRole('button', { name: 'Send the application' }).press('Enter')
    await page.locator('[data-state="applied"]').waitFor()
    await look(page, 'applied-390')
    // The link is theirs alone, and a reload shows the same.
    const link = await page.locator('[data-link] a').getAttribute('href')
    expect(link).toContain(`/s/${own.links.code}/apply#`)
    await page.reload()
    await page.locator('[data-state="applied"]').waitFor()
    // The public sees the name on the provisional list, and nothing of the person.
    const all = JSON.stringify(await (await fetch(`${server.origin}/api/v1/sessions/${own.links.session}`)).json())
    expect(all).toContain('Ñandú')
    expect(all).not.toContain('maria@nandu.example')
    expect(all).not.toContain('Ñíguez')
    expect(all).not.toContain('Twelve years')
    // The same organisation again is refused at its field.
    const second = await open(browser, `${server.origin}/s/${own.links.code}/apply`)
    await second.page.locator('[data-field="organisation"]').fill(stranger.toUpperCase())
    await second.page.locator('[data-field="name"]').fill('Somebody')
    await second.page.locator('[data-field="email"]').fill('s@example.org')
    await second.page.getByRole('button', { name: 'Send the application' }).click()
    await second.page.locator('[data-field="organisation"][aria-invalid="true"]').waitFor()
    await second.context.close()
    // A session without open applications says so, and takes none.
    const closed = await open(browser, `${server.origin}/s/${server.links.code}/apply`)
    await closed.page.locator('[data-closed]').waitFor()
    await look(closed.page, 'apply-closed')
    await closed.context.close()
  }, 120_000)

  it('the secretariat imports 52 after a preview that says of 3 bad rows which field is wrong and what to do', async () => {
    const rows = Array.from({ length: 52 }, (_, i) =>
      [
        `Organisation ${String(i + 1).padStart(2, '0')}`,
        ['civil society', 'private sector', 'academia'][i % 3],
        ['African', 'GRULAC', 'WEOG'][i % 3],
        'en',
        60 + i,
        `Delegate ${i + 1}`,
        `d${i + 1}@example.org`,
      ].join(','),
    )
    rows.splice(10, 0, 'ORGANISATION  01,academia,EEG,en,60,,')
    rows.splice(20, 0, ',academia,EEG,en,60,,')
    rows.splice(30, 0, 'Too long a wish,academia,EEG,en,9000,,')
    const file = join(folder, 'applicants.csv')
    writeFileSync(file, ['organisation,group,region,language,requested_s,delegate,email', ...rows].join('\n'))
    const page = await section('applicants')
    await page.locator('input[type="file"]').setInputFiles(file)
    await page.locator('[data-outcome="accepted"] dd', { hasText: '52' }).waitFor()
    const bad = page.locator('tr[data-row]')
    expect(await bad.count()).toBe(3)
    expect(await bad.nth(0).innerText()).toMatch(/Same as\s+Organisation 01/)
    expect(await bad.nth(1).innerText()).toContain('Column organisation')
    expect(await bad.nth(2).innerText()).toContain('Column requested')
    await look(page, 'import-preview')
    // A preview stores nothing.
    expect(Object.keys((await seen()).applicants)).toHaveLength(1)
    await page.getByRole('button', { name: 'Import what is good (52)' }).click()
    await page.locator('[data-imported="52"]').waitFor()
    expect(await page.locator('[data-imported]').innerText()).toContain('Delegates stored: 52')
    await page.locator('[data-number="53"]').waitFor()
    await look(page, 'applicants')
  }, 120_000)

  it('the register has basis, objection, decision and appeal; the full reason goes to the applicant only', async () => {
    const page = await section('applicants')
    await page.locator('[data-accept-all]').click()
    await page.locator('[data-accept-all]').waitFor({ state: 'detached' })
    await section('register')
    const entry = page.locator(`details[data-applicant="${stranger.replaceAll('"', '\\"')}"]`)
    await entry.locator('summary').first().click()
    await entry.getByText('Twelve years of work on the subject.').waitFor()
    await entry.getByText('Enter an objection').first().click()
    await entry.locator('form select').selectOption({ label: 'Organisation 07' })
    await entry.locator('form textarea').fill('Not known to us.')
    await entry.getByRole('button', { name: 'Enter an objection' }).click()
    await entry.getByText('Not known to us.').waitFor()
    await look(page, 'register')
    await entry.locator('[data-decline]').click()
    const dialog = page.getByRole('dialog')
    await dialog.locator('select').selectOption('objection')
    await dialog.locator('textarea').fill('The objection of a participant stands for now.')
    await look(page, 'decline')
    await dialog.getByRole('button', { name: 'Decline', exact: true }).click()
    await page.locator('[data-count="objection"] dd', { hasText: '1' }).waitFor()
    // The decision moves the entry; it stays open, and the keyboard goes on from it.
    await page.locator('[data-group="decided"] details[data-applicant][open]').waitFor()
    expect(await entry.getAttribute('open')).not.toBeNull()

    // The applicant sees why, in full; everybody else only that one was declined for this reason.
    await phone.page.getByRole('button', { name: 'Look again' }).click()
    await phone.page.locator('[data-state="declined"]').waitFor()
    await phone.page.getByText('The objection of a participant stands for now.').waitFor()
    expect(await phone.page.content()).not.toContain('Not known to us.')
    await look(phone.page, 'declined-390')
    const everybody = (await (await fetch(`${server.origin}/api/v1/sessions/${own.links.session}`)).json()) as Seen
    expect(everybody.register.declined.objection).toBe(1)
    expect(JSON.stringify(everybody)).not.toContain('stands for now')
    expect(Object.values(everybody.applicants).some((one) => one.reason)).toBe(false)

    await phone.page.getByLabel('Why it should be decided otherwise').fill('We have been here since 2009.')
    await phone.page.getByRole('button', { name: 'Send the appeal' }).click()
    await phone.page.getByText('Your appeal waits for a decision.').waitFor()
    const appeal = page.locator('[data-group="appeals"] details').first()
    await appeal.getByText('We have been here since 2009.').waitFor()
    await appeal.locator('[data-accept]').click()
    await page.locator('[data-group="appeals"]').waitFor({ state: 'detached' })
    await page.locator('[data-group="decided"] details[open]').getByText('We have been here since 2009.').waitFor()
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY')
    await phone.page.getByRole('button', { name: 'Look again' }).click()
    await phone.page.locator('[data-state="accepted"]').waitFor()
    // From there the applicant goes on to the speaker's page by the same link.
    await phone.page.getByRole('link', { name: 'Go on to your speaker’s page' }).click()
    await phone.page.locator('[data-status="live"]').waitFor()
    await phone.page.getByText('Ñandú').first().waitFor()
    const { register } = await seen()
    expect(register).toMatchObject({ accepted: 53, objections: 1, appeals: 1 })
  }, 120_000)

  it('statements on others’ behalf: the secretariat files one for an organisation, and the log says for whom', async () => {
    const page = await section('applicants')
    const one = page.locator('li[data-applicant="Organisation 05"]')
    await one.locator('summary').first().click()
    await one.getByText('File a statement').first().click()
    await one
      .getByLabel('The text; an empty line divides paragraphs')
      .fill('We thank the chair.\n\nWe support the draft.')
    await one.getByRole('button', { name: 'File a statement' }).click()
    await one.getByText('Words: 8').waitFor()
    await look(page, 'applicant-open')
    const log = await fetch(`${server.origin}/api/v1/sessions/${own.links.session}/log`, {
      headers: { Authorization: `Bearer ${own.links.organiser}` },
    })
    const filed = (await log.text()).split('\n').find((line) => line.includes('text_filed'))
    expect(filed).toContain('on_behalf')
  }, 60_000)

  it('the lot: commit, fix, draw; an outsider’s script gives the same order', async () => {
    const page = await section('applicants')
    await page.getByRole('button', { name: /^Open the list/ }).click()
    await page.locator('[data-enlist-all]').click()
    await page.locator('[data-enlist-all]').waitFor({ state: 'detached', timeout: 60_000 })
    await section('lot')
    await page.getByLabel('Public randomness that will be used').fill('Swiss Lotto of Saturday, six numbers')
    await page.getByRole('button', { name: 'Commit to a code' }).click()
    await page.locator('[data-step="close"]').waitFor()
    expect(await page.locator('[data-commitment]').innerText()).toMatch(/^[0-9a-f]{64}$/)
    await page.getByRole('button', { name: 'Close the list now' }).click()
    await page.getByRole('button', { name: 'Fix whose order is drawn' }).click()
    await page.getByText('The list is fixed: 53 statements.').waitFor()
    await look(page, 'lot-fixed')
    await page.getByLabel('The randomness, exactly as it was published').fill('4 8 15 16 23 42')
    await page.getByRole('button', { name: 'Reveal the code and draw' }).click()
    await page.locator('[data-checked="true"]').waitFor()
    const drawn = await page.locator('[data-drawn] li > span:nth-child(2)').allInnerTexts()
    expect(drawn).toHaveLength(53)

    const script = (await page.locator('[data-script]').textContent())!
    expect(script.trimEnd().split('\n').length).toBeLessThanOrEqual(30)
    writeFileSync(join(folder, 'lot.py'), script)
    writeFileSync(join(folder, 'labels.txt'), drawn.toSorted().join('\n'))
    const said = execFileSync('python3', ['lot.py'], { cwd: folder, encoding: 'utf8' })
    expect(
      said
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t')[1]),
    ).toEqual(drawn)
    // Another code opens nothing.
    const forged = script.replace(/CODE = "./, 'CODE = "f').replace(/CODE = "f(.)/, 'CODE = "f0')
    writeFileSync(join(folder, 'forged.py'), forged)
    expect(() => execFileSync('python3', ['forged.py'], { cwd: folder, stdio: 'pipe' })).toThrow(/does not open/)
    // And it is the order of the list itself.
    const now = await seen()
    const list = now.lists[now.agenda.find((id) => now.lists[id]?.length)!]!
    expect(list.map((id) => now.entries[id]!.organisation)).toEqual(drawn)
    await look(page, 'lot-drawn')
    await page.getByRole('button', { name: 'Large, for a projector' }).click()
    await page.setViewportSize({ width: 1920, height: 1080 })
    await look(page, 'lot-large-1920')
    await page.setViewportSize({ width: 1280, height: 800 })
  }, 120_000)

  it('invitations: a link and a six-character code for all, a file for mail merge, and a QR sheet of which a code lets its delegate in', async () => {
    const page = await section('invitations')
    await page.locator('[data-make-all]').click()
    await page.locator('[data-make-all]').waitFor({ state: 'detached', timeout: 300_000 })
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Mail-merge file (CSV)' }).click(),
    ])
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\r\n')
    expect(lines[0]).toBe('\ufefforganisation,form_of_address,name,email,link,code')
    expect(lines).toHaveLength(54)
    const row = lines.find((line) => line.startsWith('Organisation 05'))!.split(',')
    expect(row[3]).toBe('d5@example.org')
    expect(row[5]).toMatch(/^[0-9A-Z]{6}$/)
    await look(page, 'invitations')

    await page.locator('[data-sheet]').click()
    await page.locator('[data-cards="53"]').waitFor()
    await page.locator('[data-paper]').selectOption('A4')
    const a4 = await page.pdf({ preferCSSPageSize: true })
    writeFileSync(join(shots, 'qr-a4.pdf'), a4)
    expect(sheets(a4)).toEqual({ number: 6, size: '595 x 842' })
    await page.locator('[data-paper]').selectOption('Letter')
    expect(sheets(await page.pdf({ preferCSSPageSize: true }))).toMatchObject({ size: '612 x 792' })
    await page.emulateMedia({ media: 'print' })
    await page.screenshot({ path: join(shots, 'qr-print.png') })
    // What a telephone would see of one card.
    const card = page.locator('[data-cards] li', { hasText: 'Organisation 05' }).locator('svg')
    const picture = await card.evaluate(async (svg) => {
      const image = new Image()
      const side = 400
      const copy = svg.cloneNode(true) as SVGElement
      copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
      copy.setAttribute('width', String(side))
      copy.setAttribute('height', String(side))
      image.src = `data:image/svg+xml,${encodeURIComponent(copy.outerHTML)}`
      await image.decode()
      const canvas = document.createElement('canvas')
      canvas.width = canvas.height = side
      const context = canvas.getContext('2d')!
      context.drawImage(image, 0, 0, side, side)
      return { side, data: [...context.getImageData(0, 0, side, side).data] }
    })
    await page.emulateMedia({ media: 'screen' })
    const read = jsQR(Uint8ClampedArray.from(picture.data), picture.side, picture.side)?.data
    expect(read).toBe(row[4])
    const delegate = await open(browser, read!, { width: 390, height: 844 })
    await delegate.page.locator('[data-status="live"]').waitFor()
    await delegate.page.getByText('Organisation 05').first().waitFor()
    expect(delegate.wrong).toEqual([])
    await delegate.context.close()

    // The six characters do the same from the first page, as somebody types them.
    const typed = await open(browser, `${server.origin}/`, { width: 390, height: 844 })
    await typed.page.locator('#code').fill(`${row[5]!.slice(0, 3).toLowerCase()} ${row[5]!.slice(3)}`)
    await typed.page.keyboard.press('Enter')
    await typed.page.waitForURL(/\/speaker/)
    await typed.page.getByText('Organisation 05').first().waitFor()
    await typed.context.close()

    // A link that was withdrawn opens nothing any more, nor does its code.
    await page.locator('[data-guest="Organisation 05"]').getByRole('button', { name: 'Withdraw the link' }).click()
    await page.locator('[data-guest="Organisation 05"]').getByText('No link yet').waitFor()
    const late = await open(browser, read!)
    await late.page.locator('[data-trouble="expired"]').waitFor()
    await late.context.close()
    const again = await fetch(`${server.origin}/api/v1/join`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ code: row[5] }),
    })
    expect(again.status).toBe(404)
  }, 600_000)

  it('one-time join codes: read out at the desk, typed once, by the first page or on the one that asks for a link', async () => {
    const page = await section('invitations')
    const row = page.locator('[data-guest="Organisation 06"]')
    await row.locator('[data-make-code]').click()
    const first = (await row.locator('[data-one-time]').getAttribute('data-one-time'))!
    expect(first).toMatch(/^[0-9A-Z]{8}$/)
    await row.getByText(`${first.slice(0, 4)} ${first.slice(4)}`).waitFor()
    await page.screenshot({ path: join(shots, 'code.png') })
    const typed = await open(browser, `${server.origin}/`, { width: 390, height: 844 })
    await typed.page.locator('#code').fill(`${first.slice(0, 4).toLowerCase()} ${first.slice(4)}`)
    await typed.page.keyboard.press('Enter')
    await typed.page.waitForURL(/\/speaker/)
    await typed.page.getByText('Organisation 06').first().waitFor()
    expect(typed.wrong).toEqual([])
    await typed.context.close()

    // The same code once more: refused, in the reader's words, on the page that asks for a link.
    const late = await open(browser, `${server.origin}/s/${own.links.code}/speaker`, { width: 390, height: 844 })
    await late.page.locator('[data-trouble="personal"]').waitFor()
    await late.page.locator('#code').fill(first)
    await late.page.keyboard.press('Enter')
    await late.page.getByText('it was used already').waitFor()
    await late.page.screenshot({ path: join(shots, 'code-used.png') })
    // The office helps: a new one from the delegate's own record.
    const desk = await section('applicants')
    await desk.getByText('Organisation 07').first().click()
    const help = desk.locator('[data-person]').locator('[data-make-code]').first()
    await help.click()
    const second = (await desk.locator('[data-one-time]').first().getAttribute('data-one-time'))!
    await late.page.locator('#code').fill(second)
    await late.page.keyboard.press('Enter')
    await late.page.getByText('Organisation 07').first().waitFor()
    await late.context.close()
  }, 90_000)

  it('the audit trail: every act of the chair’s side with its reason, to read and to save', async () => {
    const page = await section('record')
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('[data-acts-save]').click()])
    const lines = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\r\n')
    expect(lines[0]).toBe('\ufeffat,roles,by,verb,organisation,reason,reason_erased,subject,version')
    const made = lines.filter((line) => line.includes(',make_code,'))
    // One more for each time that the test before was tried again.
    expect(made.length).toBeGreaterThanOrEqual(2)
    for (const line of made) expect(line).toContain('secretariat')
    await page.locator('[data-acts] summary').click()
    await page.locator('[data-verb="make_code"]').first().waitFor()
    expect(await page.locator('[data-acts] li').count()).toBe(lines.length - 1)
    // Some gave a reason, such as for refusing an organisation.
    await page.locator('[data-acts] li q').first().waitFor()
    await page.screenshot({ path: join(shots, 'acts.png') })
  }, 60_000)

  it('the list on paper: all 53 in order, on A4 and Letter, with the head on every sheet', async () => {
    const page = await section('paper')
    await page.locator('[data-lines="53"]').waitFor()
    const now = await seen()
    const list = now.lists[now.agenda.find((id) => now.lists[id]?.length)!]!
    const printed = await page.locator('[data-lines] tbody td:nth-child(2) strong').allInnerTexts()
    expect(printed).toEqual(list.map((id) => now.entries[id]!.organisation))
    await look(page, 'paper')
    await page.locator('[data-paper]').selectOption('A4')
    const a4 = await page.pdf({ preferCSSPageSize: true })
    writeFileSync(join(shots, 'paper-a4.pdf'), a4)
    const { number, size } = sheets(a4)
    expect(size).toBe('595 x 842')
    expect(number).toBeGreaterThan(1)
    expect(number).toBeLessThanOrEqual(4)
    await page.locator('[data-paper]').selectOption('Letter')
    expect(sheets(await page.pdf({ preferCSSPageSize: true })).size).toBe('612 x 792')
    await page.emulateMedia({ media: 'print' })
    // Chromium repeats a table's head on each sheet only as a header group; nothing of the page around is printed.
    expect(await page.locator('[data-lines] thead').evaluate((head) => getComputedStyle(head).display)).toBe(
      'table-header-group',
    )
    expect(await page.locator('nav').first().isVisible()).toBe(false)
    await page.screenshot({ path: join(shots, 'paper-print.png') })
    await page.emulateMedia({ media: 'screen' })
    expect(office.wrong).toEqual([])
    // The link that was withdrawn was refused, which the browser notes in its console.
    expect(phone.wrong.filter((line) => !line.includes('status of 401'))).toEqual([])
  }, 60_000)

  /** The statement of an organisation as the secretariat sees it, with the name of who speaks. */
  async function statement(organisation: string): Promise<{ place?: number; speaks?: string }> {
    const { entries, persons } = await seen()
    const entry = Object.values(entries).find((one) => one.organisation === organisation && one.kind === 'statement')!
    return { place: entry.place, speaks: entry.delegate && persons[entry.delegate]?.name }
  }

  it('a delegate hands over to a colleague, named on the phone or known, and the chair’s side sees who speaks', async () => {
    const { page } = phone
    await page.locator('[data-place]').waitFor()
    await page.locator('[data-hand-over]').click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('María Ñíguez').waitFor()
    await dialog.getByText('Somebody else').click()
    await dialog.locator('[data-field="name"]').fill('Iñaki Paz')
    await dialog.locator('[data-field="form_of_address"]').fill('Mr')
    await look(page, 'hand-over-390')
    await dialog.getByRole('button', { name: 'Hand over' }).click()
    await page.getByText('Mr Iñaki Paz now speaks for you.').waitFor()
    const speaks = async (): Promise<string | undefined> => (await statement(stranger)).speaks
    await expect.poll(speaks, { timeout: 30_000 }).toBe('Iñaki Paz')
    // And back, to one who is known; who speaks already cannot be chosen.
    await page.locator('[data-hand-over]').click()
    await dialog.locator('label', { hasText: 'Iñaki Paz' }).getByText('speaks at present').waitFor()
    expect(await dialog.getByRole('radio', { name: /Iñaki Paz/ }).isDisabled()).toBe(true)
    await dialog.getByText('María Ñíguez').click()
    await dialog.getByRole('button', { name: 'Hand over' }).click()
    await page.getByText('María Ñíguez now speaks for you.').waitFor()
    await expect.poll(speaks, { timeout: 30_000 }).toBe('María Ñíguez')
    await look(page, 'handed-over-390')
  }, 120_000)

  it('a delegate sets how they are called and shown in the videoconference, and so does the secretariat for them', async () => {
    const { page } = phone
    const shown = async (): Promise<unknown> =>
      Object.values((await seen()).persons).find((one) => one.name?.startsWith('María'))
    await page.getByText('How you are called').click()
    const called = page.locator('details.called')
    await expect
      .poll(() => called.locator('[data-field="name"]').inputValue(), { timeout: 30_000 })
      .toBe('María Ñíguez')
    await called.locator('[data-field="display_name"]').fill('ES | Ñíguez')
    await called.locator('[data-field="pronunciation"]').fill('NYEE-gez')
    await called.getByRole('button', { name: 'Save' }).click()
    await called.getByText('Saved.').waitFor()
    await look(page, 'called-390')
    await expect
      .poll(shown, { timeout: 30_000 })
      .toMatchObject({ name: 'María Ñíguez', pronunciation: 'NYEE-gez', display_name: 'ES | Ñíguez' })

    const desk = await section('applicants')
    const one = desk.locator('li[data-applicant]', { hasText: 'Fundación' })
    await one.locator('summary').first().click()
    await one.locator('[data-person]', { hasText: 'María' }).getByRole('button', { name: 'Correct' }).click()
    const field = one.getByLabel('Name in the videoconference')
    await expect.poll(() => field.inputValue(), { timeout: 30_000 }).toBe('ES | Ñíguez')
    // What the delegate's own form does not show is still there.
    expect(await one.getByLabel('E-mail').inputValue()).toBe('maria@nandu.example')
    await field.fill('ES 07 | Ñíguez')
    await look(desk, 'applicant-person')
    await one.getByRole('button', { name: 'Save' }).click()
    await expect.poll(shown, { timeout: 30_000 }).toMatchObject({ display_name: 'ES 07 | Ñíguez' })
  }, 120_000)

  it('every act of a delegate can be done by the secretariat: hand over, exchange, point of order and right of reply, logged as done for them', async () => {
    const page = await section('register')
    await section('applicants')
    const one = page.locator('li[data-applicant="Organisation 05"]')
    await one.locator('summary').first().click()
    const dialog = page.getByRole('dialog')

    await one.getByRole('button', { name: 'Add a delegate' }).click()
    await one.getByLabel('Name of the delegate').fill('Second Delegate')
    await one.getByRole('button', { name: 'Save' }).click()
    await one.getByText('Second Delegate').waitFor()
    await one.getByRole('button', { name: 'Hand over to a colleague' }).click()
    await dialog.getByText('Second Delegate').click()
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    await expect
      .poll(async () => (await statement('Organisation 05')).speaks, { timeout: 30_000 })
      .toBe('Second Delegate')

    const [before, other] = [await statement('Organisation 05'), await statement('Organisation 06')]
    await one.getByRole('button', { name: 'Exchange places' }).click()
    await dialog.getByRole('searchbox').fill('Organisation 06')
    await dialog.getByText('Organisation 06').click()
    await look(page, 'exchange')
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    await expect.poll(async () => (await statement('Organisation 05')).place, { timeout: 30_000 }).toBe(other.place)
    expect((await statement('Organisation 06')).place).toBe(before.place)

    // Points of order and replies are raised while a session runs.
    expect(await one.locator('[data-way]').count()).toBe(0)
    const { token } = await invite(own, ['chair'])
    await command(own, token, 'start_session', {})
    const part = Object.entries((await seen()).lists).find(([, list]) => list.length)![0]
    await command(own, token, 'start_part', { part }).catch((error: unknown) => {
      // The first part starts with the session.
      if (!String(error).includes('already')) throw error
    })
    await one.locator('[data-way="point_of_order"]').click()
    const kinds = async (): Promise<string[]> =>
      Object.values((await seen()).entries)
        .filter((entry) => entry.organisation === 'Organisation 05' && entry.state !== 'withdrawn')
        .map((entry) => `${entry.kind} ${entry.state}`)
    await expect.poll(kinds, { timeout: 30_000 }).toContain('point_of_order raised')
    await one.locator('[data-way="right_of_reply"]').click()
    await expect.poll(kinds, { timeout: 30_000 }).toContain('right_of_reply waiting')
    await look(page, 'on-behalf')
    await page.setViewportSize({ width: 390, height: 844 })
    await look(page, 'on-behalf-390')
    await page.setViewportSize({ width: 1280, height: 800 })
    await one.locator('.row', { hasText: 'Point of order' }).getByRole('button', { name: 'Take off the list' }).click()
    await expect.poll(kinds, { timeout: 30_000 }).not.toContain('point_of_order raised')

    const log = await fetch(`${server.origin}/api/v1/sessions/${own.links.session}/log`, {
      headers: { Authorization: `Bearer ${own.links.organiser}` },
    })
    // An exchange is of two organisations: it is the office's own act.
    const lines = (await log.text()).split('\n')
    expect(lines.some((line) => line.includes('entries_swapped'))).toBe(true)
    for (const fact of ['entry_handed_over', 'point_raised', 'person_changed'])
      expect(
        lines.filter((line) => line.includes(fact)).some((line) => line.includes('on_behalf')),
        fact,
      ).toBe(true)
    expect(office.wrong).toEqual([])
    expect(phone.wrong.filter((line) => !line.includes('status of 401'))).toEqual([])
  }, 120_000)
})
