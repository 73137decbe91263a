// Staff sign in at their organisation's provider, in a real browser, against the real program and a real provider: the
// organiser opens a session, a captioner chooses one, somebody without a role is told why, and links go on working.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { cut, overflow } from './look'
import { open } from './person'
import { serve, type Server } from './server'

const root = join(import.meta.dirname, '../../../..')
const shots = join(import.meta.dirname, '../screenshots')
const people = [
  { id: 'olga', email: 'olga@example.org', verified: true, groups: ['organisers'] },
  { id: 'tess', email: 'tess@example.org', verified: true, groups: ['captioners'] },
  { id: 'nina', email: 'nina@example.org', verified: true, groups: ['staff'] },
]
const rules = [
  { claim: 'groups', value: 'organisers', roles: ['organiser'] },
  { claim: 'groups', value: 'captioners', roles: ['captioner'], sessions: ['*'] },
]

let folder: string
let provider: ChildProcess
let issuer: string
let server: Server
let browser: Browser

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  folder = await mkdtemp(join(tmpdir(), 'fairfloor-signin-'))
  const [program, secret, roles] = ['idp', 'secret', 'roles.json'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  execFileSync('go', ['build', '-o', program, './services/gateway/internal/signin/idp/cmd/idp'], { cwd: root })
  provider = spawn(program, ['fairfloor', 'a secret', JSON.stringify(people)], { stdio: ['ignore', 'pipe', 'ignore'] })
  issuer = await new Promise<string>((resolve, reject) => {
    createInterface(provider.stdout!).once('line', resolve)
    provider.once('exit', () => reject(new Error('the provider did not come up')))
  })
  await writeFile(secret, 'a secret\n')
  await writeFile(roles, JSON.stringify({ rules }))
  server = await serve([
    ...['--oidc-issuer', issuer, '--oidc-client-id', 'fairfloor'],
    ...['--oidc-client-secret-file', secret, '--oidc-roles', roles],
  ])
  browser = await launch()
}, 180_000)

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  provider?.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

/** What went wrong, beside that the browser went to the provider. */
const ours = (wrong: string[]): string[] => wrong.filter((one) => !one.startsWith(`asked ${issuer}/`))

/** Presses "Sign in" and goes through the provider's form. */
async function signIn(page: Page, name: string): Promise<void> {
  // All that the page fetches later is there: leaving before would cut it off.
  await page.locator('#code').waitFor()
  await page.locator('[data-sign-in][href]').click()
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(name)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

it('an organiser signs in on the first page and opens a session', async () => {
  const { page, wrong, context } = await open(browser, server.origin)
  const seen: string[] = []
  page.on('request', (request) => seen.push(request.url(), request.headers().referer ?? ''))
  await signIn(page, 'olga')
  await page.locator(`[data-session="${server.links.code}"] a`).click()
  await page.waitForURL(`**/s/${server.links.code}/organiser`)
  await page.locator('[data-status="live"]').waitFor()
  expect(new URL(page.url()).hash).not.toContain('ey')
  // The token was in no address that left the browser.
  const token = await page.evaluate(() => sessionStorage.getItem('fairfloor.token.organiser'))
  expect(token).toMatch(/^ey.+\..+\./)
  expect(seen.filter((url) => url.replace(/#.*/, '').includes(token!))).toEqual([])
  expect(ours(wrong)).toEqual([])
  await context.close()
})

it('a captioner signs in on the page of a session, and the session can withdraw it', async () => {
  const { page, wrong, context } = await open(browser, `${server.origin}/s/${server.links.code}/desk`)
  await page.locator('[data-trouble="personal"]').waitFor()
  await signIn(page, 'tess')
  await page.waitForURL(`**/s/${server.links.code}/desk`)
  await page.locator('[data-status="live"]').waitFor()

  const way = `${server.origin}/api/v1/sessions/${server.links.session}`
  const headers = { Authorization: `Bearer ${server.links.organiser}`, 'Content-Type': 'application/json' }
  const acts = (await (await fetch(`${way}/acts`, { headers })).json()) as { verb: string; by: string }[]
  expect(acts.filter((act) => act.verb === 'invite' && act.by.startsWith('sign-in/'))).not.toEqual([])
  const links = (await (await fetch(`${way}/invitations`, { headers })).json()) as {
    invitation: string
    roles: string[]
  }[]
  for (const { invitation, roles } of links) {
    if (roles.join() !== 'captioner') continue
    const body = JSON.stringify({ id: crypto.randomUUID(), verb: 'revoke_invitation', args: { invitation } })
    await fetch(`${way}/commands`, { method: 'POST', headers, body })
  }
  await page.locator('[data-trouble="expired"]').waitFor({ timeout: 30_000 })
  expect(ours(wrong)).toEqual([])
  await context.close()
})

it('somebody without a role is told why, and a link works as before', async () => {
  const { page, wrong, context } = await open(browser, server.origin)
  await signIn(page, 'nina')
  await page.locator('[data-signin="unmapped"]').waitFor()
  await page.locator('[data-sign-in][href]').waitFor()
  // Said once.
  expect(page.url()).toBe(`${server.origin}/`)
  await page.goto(`${server.origin}/sign-in/callback?code=x&state=x`)
  await page.locator('[data-signin="stale"]').waitFor()
  await page.locator('[data-sign-in][href]').waitFor()
  expect(ours(wrong)).toEqual([])
  await page.goto(server.links.live)
  await page.locator('[data-status="live"]').waitFor()
  await context.close()
})

it('the first page is right in both directions, narrow and wide, light and dark', async () => {
  for (const [language, width, scheme] of [
    ['en', 390, 'light'],
    ['ar', 390, 'dark'],
    ['fr', 1280, 'dark'],
  ] as const) {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme })
    const page = await context.newPage()
    await page.goto(`${server.origin}/?lang=${language}&sign-in=unmapped`)
    await page.locator('[data-signin="unmapped"]').waitFor()
    await page.locator('[data-sign-in][href]').waitFor()
    const shown = page.locator(`html[lang="${language}"][dir="${language === 'ar' ? 'rtl' : 'ltr'}"]`)
    await shown.waitFor()
    await page.evaluate(() => document.fonts.ready)
    const name = `signin-${language}-${width}-${scheme}`
    await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
    expect((await overflow(page)).wide, name).toBeLessThanOrEqual(0)
    expect(await cut(page), name).toEqual([])
    expect(await violations(page), name).toEqual([])
    // Also once the worker has asked for its texts, 1.5 s after the page was there.
    await page.waitForFunction(() => performance.now() > 3000)
    expect(await shown.count(), name).toBe(1)
    await context.close()
  }
}, 120_000)
