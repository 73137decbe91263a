// Receipts in a browser: a delegate's own acts are proved by what the device keeps, and an answer that the session's
// key did not sign is said aloud.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { open, phone } from './person'
import { binary, serve, type Server } from './server'

const run = promisify(execFile)

let browser: Browser
let server: Server
let folder: string

beforeAll(async () => {
  browser = await launch()
  server = await serve()
  folder = await mkdtemp(join(tmpdir(), 'fairfloor-proof-'))
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

it('a delegate saves receipts that the browser checked, and they prove an act against the exported log', async () => {
  const { page, context, wrong } = await open(browser, server.links.speaker, phone)
  await page.getByRole('button', { name: 'Withdraw from the list' }).click()
  await page.getByRole('button', { name: 'Yes' }).click()
  const proof = page.locator('details.proof')
  await proof.getByText('Proof of your act: 1 signed receipt').click()
  await proof.getByText('This browser has checked').waitFor()
  expect(await violations(page)).toEqual([])

  const [download] = await Promise.all([
    page.waitForEvent('download'),
    proof.getByRole('button', { name: 'Save my receipts' }).click(),
  ])
  const receipts = join(folder, 'receipts.json')
  await download.saveAs(receipts)
  const log = join(folder, 'log.ndjson')
  const exported = await fetch(`${server.origin}/api/v1/sessions/${server.links.session}/log`, {
    headers: { Authorization: `Bearer ${server.links.organiser}` },
  })
  const lines = await exported.text()
  await writeFile(log, lines)
  const { stdout } = await run(binary, ['verify', log, '--receipts', receipts])
  expect(stdout).toContain('1 receipts agree, nothing differs')

  // A log without that act: the receipt shows it.
  const [{ command_id: act }] = JSON.parse(await readFile(receipts, 'utf8')) as [{ command_id: string }]
  const forged = lines.split('\n').filter((line) => !line.includes(act))
  expect(forged.length).toBeLessThan(lines.split('\n').length)
  await writeFile(log, forged.join('\n'))
  const refused = await run(binary, ['verify', log, '--receipts', receipts]).catch((error: { stdout: string }) => error)
  expect(refused.stdout).toContain(act)

  // The same key as the hall's screen shows.
  const key = (await proof.locator('.key').textContent())!.trim()
  const room = await open(browser, server.links.room)
  await room.page.getByText(key).waitFor()
  expect([...wrong, ...room.wrong]).toEqual([])
  await Promise.all([context.close(), room.context.close()])
})

it('an answer that the session did not sign is said aloud', async () => {
  const { page, context } = await open(browser, 'about:blank', phone)
  // Somebody between page and server, who makes the place look better than it is.
  await page.routeWebSocket(/\/live$/, (socket) => {
    const far = socket.connectToServer()
    far.onMessage((message) => {
      const frame = String(message)
      socket.send(frame.includes('"type":"receipt"') ? frame.replace(/"seq":\d+/, '"seq":1') : message)
    })
  })
  await page.goto(server.links.speaker)
  await page.getByRole('button', { name: 'Join the list of speakers' }).click()
  await page.getByRole('alert').getByText('is not signed with this session’s key').waitFor()
  await context.close()
})
