// What the server refuses is read in the reader's own language: why, about whom, and what to do.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { command, view } from './people'
import { open, phone } from './person'
import { serve, type Server } from './server'

const shots = join(import.meta.dirname, '../screenshots')
interface Seen {
  lists: Record<string, string[]>
  entries: Record<string, { organisation: string }>
}

let browser: Browser
let server: Server
let token: string
let part: string

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  server = await serve()
  browser = await launch()
  // The sample's speaker is on the list already, at its head: each test joins anew.
  token = new URL(server.links.speaker, server.origin).hash.slice(1)
  const { lists } = await view<Seen>(server, token)
  part = Object.keys(lists)[0]!
  await command(server, token, 'withdraw', { entry: lists[part]![0] })
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

it.each([
  ['ar', 'ar-EG', 'غادر', 'القائمة.', 'سجّل في القائمة من جديد.'],
  ['zh', 'zh-CN', '', '已离开名单。', '请重新加入名单。'],
])('Six languages complete: a speaker reads a refusal in %s', async (language, locale, before, after, todo) => {
  const entry = (await command(server, token, 'join', { part })).made!.entry!
  const { organisation } = (await view<Seen>(server, token)).entries[entry]!

  const { page, wrong, context } = await open(browser, server.origin, { ...phone, locale })
  // The page is held at what it shows, as on a line that stalls: only answers to its own commands come through.
  let held = false
  await page.routeWebSocket(/\/live$/, (socket) => {
    const far = socket.connectToServer()
    far.onMessage((message) => {
      if (!held || !/"type":"(patch|snapshot)"/.test(String(message))) socket.send(message)
    })
  })
  await page.goto(server.links.speaker)
  await page.locator('[data-status="live"]').waitFor()
  await page.locator(`html[lang="${language}"]`).waitFor()
  const acts = page.locator('.acts > button')
  await acts.nth(1).waitFor()
  held = true
  await command(server, token, 'withdraw', { entry })
  // Two places back.
  await acts.nth(1).click()

  const refusal = page.getByRole('alert').locator('.refusal')
  await refusal.waitFor()
  const said = await refusal.innerText()
  expect(said).toContain(organisation)
  expect(said).toContain(before)
  expect(said).toContain(after)
  expect(said).toContain(todo)
  expect(said).not.toMatch(/has left|join the list/)
  expect(await refusal.locator('bdi', { hasText: organisation }).count()).toBe(1)
  expect(await violations(page)).toEqual([])
  await page.screenshot({ path: join(shots, `refusal-${language}.png`) })
  expect(wrong).toEqual([])
  await context.close()
})
