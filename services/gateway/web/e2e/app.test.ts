// What makes the pages an app, in a real browser against the real binary: installing, a page without a network, a new
// build, notices, notifications, and plain http on a network.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violations } from './axe'
import { launch } from './browser'
import { cut, overflow } from './look'
import { invite, view } from './people'
import { open, press, type Person } from './person'
import { line } from './proxy'
import { renewable } from './release'
import { serve, type Server } from './server'
import { openVendor, type Vendor } from './vendor'

const shots = join(import.meta.dirname, '../screenshots/app')

let browser: Browser
let server: Server
let vendor: Vendor

beforeAll(async () => {
  mkdirSync(shots, { recursive: true })
  vendor = await openVendor()
  const { host } = new URL(vendor.endpoint)
  server = await serve(['--push-services', host, '--push-trusted', '--push-roots', vendor.certificate])
  browser = await launch([`--host-resolver-rules=MAP fairfloor.test 127.0.0.1`])
})

afterAll(async () => {
  await browser?.close()
  await server?.stop()
  vendor?.stop()
})

const live = (page: Page): Promise<void> => page.locator('[data-status="live"]').waitFor()

/** A link for the delegate of whoever stands at a place of the list. */
async function delegateAt(place: number): Promise<string> {
  const seen = await view<{ lists: Record<string, string[]>; entries: Record<string, { applicant: string }> }>(
    server,
    server.links.organiser,
  )
  const { applicant } = seen.entries[Object.values(seen.lists)[0]![place - 1]!]!
  return (await invite(server, ['speaker'], { applicant })).url
}

/** Waits until the service worker holds a page's own file, and gives everything that it holds. */
async function kept(page: Page, name: string): Promise<string[]> {
  await expect
    .poll(() => page.evaluate(async (file) => !!(await caches.match(file)), `/${name}.html`), { timeout: 20_000 })
    .toBe(true)
  return page.evaluate(async () => {
    const all = []
    for (const key of await caches.keys())
      for (const request of await (await caches.open(key)).keys()) all.push(new URL(request.url).pathname)
    return all
  })
}

describe('installing', () => {
  it('Every page can be installed: a manifest in the viewer’s language, icons of the sizes that it names, and an app that opens the page that was used last', async () => {
    const { page, context, wrong } = await open(browser, `${server.links.live}`, { locale: 'ar-EG' })
    await live(page)
    await page.locator('link[rel=manifest][href="/app-ar.webmanifest"]').waitFor({ state: 'attached' })
    const cdp = await context.newCDPSession(page)
    const { data, errors } = (await cdp.send('Page.getAppManifest')) as { data: string; errors: unknown[] }
    expect(errors).toEqual([])
    const manifest = JSON.parse(data) as {
      name: string
      dir: string
      lang: string
      start_url: string
      icons: { src: string; sizes: string; type: string; purpose?: string }[]
    }
    expect(manifest).toMatchObject({ name: 'Fairfloor', dir: 'rtl', lang: 'ar', start_url: '/?app' })
    expect(manifest.icons.some((icon) => icon.purpose === 'maskable' && icon.type === 'image/png')).toBe(true)
    for (const { src, sizes, type } of manifest.icons) {
      const answer = await fetch(server.origin + src)
      expect(answer.headers.get('content-type'), src).toContain(type)
      const body = Buffer.from(await answer.arrayBuffer())
      if (type === 'image/png') expect(`${body.readUInt32BE(16)}x${body.readUInt32BE(20)}`, src).toBe(sizes)
    }
    // The worker is what makes a browser offer it.
    await kept(page, 'live')
    const { installabilityErrors } = (await cdp.send('Page.getInstallabilityErrors')) as {
      installabilityErrors: { errorId: string }[]
    }
    // A private window, such as a test's, can install nothing; there must be no other reason.
    expect(installabilityErrors.map((one) => one.errorId).filter((id) => id !== 'in-incognito')).toEqual([])

    const app = await context.newPage()
    await app.goto(`${server.origin}${manifest.start_url}`)
    await app.waitForURL(/\/live$/)
    await live(app)
    expect(wrong).toEqual([])
    await context.close()
  })
})

describe('without a network', () => {
  it('A page that is opened offline says so, and what was last known at which time, and shows nothing as live; the worker holds nothing of the session', async () => {
    const phone = await line(server.origin)
    const { page, context } = await open(browser, (await delegateAt(9)).replace(server.origin, phone.origin), {
      width: 390,
      height: 844,
    })
    await live(page)
    await page.locator('[data-place]', { hasText: /^9$/ }).waitFor()
    const held = await kept(page, 'speaker')
    expect(held.filter((path) => path.startsWith('/api') || path.startsWith('/s/'))).toEqual([])
    // Not in its files either: each is the same for everybody.
    const seen = await view<{ session: { title: string; id: string } }>(server, server.links.organiser)
    const said = await page.evaluate(async () => {
      let all = ''
      for (const key of await caches.keys()) {
        const cache = await caches.open(key)
        for (const request of await cache.keys()) all += await (await cache.match(request))!.text()
      }
      return all
    })
    for (const word of [seen.session.title, seen.session.id, server.links.code])
      expect(said.includes(word), `the worker holds “${word}”`).toBe(false)
    await page.waitForFunction((code) => !!localStorage.getItem(`fairfloor.known.${code}`), server.links.code)

    phone.cut()
    await page.reload()
    await page.locator('[data-trouble="unreachable"]').waitFor()
    const known = page.locator('[data-known]')
    await known.getByText(/You are offline. Last known at \d\d:\d\d/).waitFor()
    await known.getByText(/Your place was 9 of \d+/).waitFor()
    expect(await page.locator('[data-status="live"], [data-numeral]').count()).toBe(0)
    expect(await violations(page)).toEqual([])
    expect((await overflow(page)).wide).toBeLessThanOrEqual(0)
    await page.screenshot({ path: join(shots, 'offline.png') })

    phone.mend()
    await live(page)
    await page.locator('[data-place]', { hasText: /^9$/ }).waitFor()
    expect(await known.count()).toBe(0)
    await context.close()
    await phone.close()
  })

  it('A new build takes the place of the old one, and no page is left without a part of it', async () => {
    const releases = await renewable(server.origin)
    const { page, context } = await open(browser, server.links.live.replace(server.origin, releases.origin))
    await live(page)
    const before = await kept(page, 'live')
    expect(before.some((path) => path.includes(releases.mark))).toBe(false)

    // The old files are gone from the server from here on; the page is open and has the old build.
    releases.renew()
    await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())!.update())
    const renewed = (): Promise<boolean> =>
      page.evaluate(async () => {
        const builds = (await caches.keys()).filter((key) => key.startsWith('fairfloor-'))
        return builds.length === 1 && builds[0] === 'fairfloor-second'
      })
    await expect.poll(renewed, { timeout: 20_000 }).toBe(true)
    const after = await kept(page, 'live')
    const scripts = (all: string[]): string[] => all.filter((path) => path.endsWith('.js')).toSorted()
    expect(
      scripts(after).every((path) => path.includes(releases.mark)),
      after.join(' '),
    ).toBe(true)
    // The texts that the old page had fetched by itself came along.
    expect(scripts(after).length).toBeGreaterThanOrEqual(scripts(before).length)

    // The open page asks for a text of the old build, which is nowhere any more: it begins anew, and has it.
    await page.locator('.language select').selectOption('fr')
    await page.locator('html[lang="fr"]').waitFor()
    await live(page)
    // Also without a network the new build is whole.
    await kept(page, 'live')
    releases.cut()
    await page.reload()
    await page.locator('[data-trouble="unreachable"]').waitFor()
    await context.close()
    await releases.close()
  })
})

/** Keeps an eye on what a page asks of its device. */
async function watched(url: string): Promise<Person> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'en-GB' })
  await context.grantPermissions(['notifications'], { origin: server.origin })
  await context.addInitScript(() => {
    const seen = { asked: 0, buzzed: [] as unknown[], tones: 0, locks: 0 }
    Object.assign(window, { seen })
    const request = Notification.requestPermission.bind(Notification)
    Notification.requestPermission = () => {
      seen.asked++
      return request()
    }
    navigator.vibrate = (pulses) => seen.buzzed.push(pulses) > 0
    const start = OscillatorNode.prototype.start
    OscillatorNode.prototype.start = function (when) {
      seen.tones++
      start.call(this, when)
    }
    Object.defineProperty(navigator, 'wakeLock', {
      value: {
        request: () => {
          seen.locks++
          const lock = new EventTarget()
          const release = (): Promise<void> => {
            seen.locks--
            lock.dispatchEvent(new Event('release'))
            return Promise.resolve()
          }
          Object.assign(window, { takeLock: release })
          return Promise.resolve(Object.assign(lock, { release }))
        },
      },
    })
  })
  const page = await context.newPage()
  const wrong: string[] = []
  page.on('pageerror', (error) => wrong.push(String(error)))
  await page.goto(url)
  return { context, page, wrong }
}

interface Seen {
  asked: number
  buzzed: unknown[]
  tones: number
  locks: number
}

const seenBy = (page: Page): Promise<Seen> => page.evaluate(() => (window as unknown as { seen: Seen }).seen)

async function show(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value })
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))
  }, state)
}

const notifications = (page: Page): Promise<{ title: string; body: string; tag: string }[]> =>
  page.evaluate(async () => {
    const all = await (await navigator.serviceWorker.ready).getNotifications()
    return all.map(({ title, body, tag }) => ({ title, body, tag }))
  })

describe('notices', () => {
  it('A delegate is told at 5, 3, 1 and now by the page, vibration and a sound that can be muted; the screen stays on when next and speaking; notifications are asked for by a button alone, and a browser without its push service says so', async () => {
    const chair = await open(browser, server.links.chair)
    await press(chair.page, 'start')
    const { page, context, wrong } = await watched(await delegateAt(3))
    await live(page)
    const alerts = page.locator('[data-push]')
    await alerts.waitFor()
    expect((await seenBy(page)).asked).toBe(0)
    expect(await violations(page)).toEqual([])
    await alerts.screenshot({ path: join(shots, 'alerts.png') })

    // The button says why before anything is asked. This Chromium has no push service behind it.
    await page.getByText('The push service of your browser’s maker sees that a message came').waitFor()
    await page.getByRole('button', { name: 'Notify me on this device' }).click()
    await page.locator('[data-push="local"]').waitFor()
    await page.getByText('This browser cannot reach its push service here').waitFor()
    expect((await seenBy(page)).asked).toBe(1)
    expect(await violations(page)).toEqual([])

    // A reload asks nothing again, and remembers what was chosen.
    await page.reload()
    await page.locator('[data-push="local"]').waitFor()
    expect((await seenBy(page)).asked).toBe(0)
    await page.getByRole('button', { name: 'Play it' }).click()
    await expect.poll(async () => (await seenBy(page)).tones).toBeGreaterThan(0)

    // Third to second says nothing; then next, with the page hidden: a notification by the page itself.
    await press(chair.page, 'give')
    await press(chair.page, 'begin')
    await page.locator('[data-place]', { hasText: /^2$/ }).waitFor()
    const before = await seenBy(page)
    await show(page, 'hidden')
    await press(chair.page, 'end')
    await press(chair.page, 'give')
    await page.locator('[data-place]', { hasText: /^1$/ }).waitFor()
    await expect.poll(async () => (await notifications(page)).map((one) => one.body)).toEqual(['You are next'])
    const told = await seenBy(page)
    expect(told.buzzed.length).toBeGreaterThan(before.buzzed.length)
    expect(told.tones).toBeGreaterThan(before.tones)

    // Next: the screen is kept on, given back while hidden, and taken again when the page is seen.
    await show(page, 'visible')
    await page.locator('[data-awake="on"]').waitFor()
    await page.evaluate(() => (window as unknown as { takeLock: () => Promise<void> }).takeLock())
    await page.locator('[data-awake="on"]').waitFor({ state: 'detached' })
    await show(page, 'visible')
    await page.locator('[data-awake="on"]').waitFor()
    await page.screenshot({ path: join(shots, 'next.png'), fullPage: true })

    // Muted, a call vibrates and makes no sound, also after a reload.
    await page.getByLabel('Sound on this device').uncheck()
    await page.reload()
    await page.getByLabel('Sound on this device').waitFor()
    expect(await page.getByLabel('Sound on this device').isChecked()).toBe(false)
    await page.locator('h2').first().click()
    await press(chair.page, 'begin')
    await press(chair.page, 'end')
    await press(chair.page, 'give')
    await page.getByRole('button', { name: 'I am speaking' }).waitFor()
    const muted = await seenBy(page)
    expect(muted.tones).toBe(0)
    expect(muted.buzzed.length).toBeGreaterThan(0)
    await page.locator('[data-awake="on"]').waitFor()

    // Done: the screen may go dark again.
    await press(chair.page, 'begin')
    await press(chair.page, 'end')
    await page.getByText('You have spoken').waitFor()
    await expect.poll(async () => (await seenBy(page)).locks).toBe(0)
    expect(wrong).toEqual([])
    await context.close()
    await chair.context.close()
  })

  it('Web Push reaches a phone whose page is closed: encrypted for it, without names, shown in its language; switched off, its address is gone', async () => {
    const chair = await open(browser, server.links.chair)
    const { page, context } = await watched((await delegateAt(2)).replace('#', '?lang=fr#'))
    // The browser's half of a subscription, with a push service of the test's own behind it.
    await page.evaluate((subscription) => {
      PushManager.prototype.subscribe = () =>
        Promise.resolve({ toJSON: () => subscription } as unknown as PushSubscription)
    }, vendor.subscription)
    await live(page)
    await page.getByRole('button', { name: 'M’avertir sur cet appareil' }).click()
    await page.locator('[data-push="on"]').waitFor()
    await page.screenshot({ path: join(shots, 'push-on-fr.png'), fullPage: true })

    // The page goes elsewhere; whoever was before is called, so that this one is next.
    const worker = await registration(context, page)
    await page.goto('about:blank')
    await press(chair.page, 'give')
    const message = await vendor.message()
    expect(message.text).toMatchObject({ kind: 'next', place: 1, code: server.links.code })
    expect(Object.keys(message.text).toSorted()).toEqual(['code', 'kind', 'place', 'tag'])
    expect(message.headers).toMatchObject({ 'content-encoding': 'aes128gcm', urgency: 'high' })

    // The browser's push service hands it to the worker.
    await page.goto(`${server.origin}/icon.svg`)
    await worker.deliver(JSON.stringify(message.text))
    await expect
      .poll(async () => worker.shown())
      .toEqual([{ title: 'Fairfloor', body: 'Vous êtes le prochain orateur', tag: message.text.tag }])

    // A notification opens the page again although the tab's own memory is gone: the link is on the device.
    const again = await context.newPage()
    await again.goto(`${server.origin}/s/${server.links.code}/speaker`)
    await again.locator('[data-place]', { hasText: /^1$/ }).waitFor()
    await again.locator('[data-push]').waitFor()
    const gone = again.waitForResponse((answer) => answer.request().method() === 'DELETE')
    gone.catch(() => undefined)
    await again.getByRole('button', { name: 'Switch off' }).click()
    expect((await gone).status()).toBe(204)
    expect(
      await again.evaluate((code) => localStorage.getItem(`fairfloor.kept.${code}.speaker`), server.links.code),
    ).toBe(null)
    await context.close()
    await chair.context.close()
  })
})

interface Worker {
  deliver: (data: string) => Promise<void>
  shown: () => Promise<unknown[]>
}

/** The service worker of a context, to which a push service's message can be handed. */
async function registration(context: BrowserContext, page: Page): Promise<Worker> {
  const cdp = await context.newCDPSession(page)
  const known = new Promise<string>((resolve) =>
    cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const own = registrations.find((one) => one.scopeURL.startsWith(server.origin) && !one.isDeleted)
      if (own) resolve(own.registrationId)
    }),
  )
  await cdp.send('ServiceWorker.enable')
  const registrationId = await known
  return {
    deliver: (data) =>
      cdp
        .send('ServiceWorker.deliverPushMessage', { origin: server.origin, registrationId, data })
        .then(() => undefined),
    shown: async () => {
      const worker = context.serviceWorkers().find((one) => one.url().endsWith('/sw.js'))
      if (!worker) return []
      return worker.evaluate(async () => {
        const scope = globalThis as unknown as { registration: ServiceWorkerRegistration }
        const all = await scope.registration.getNotifications()
        return all.map(({ title, body, tag }) => ({ title, body, tag }))
      })
    },
  }
}

describe('plain http', () => {
  it('Over plain http on a LAN every page says what is off, and works otherwise', async () => {
    const origin = server.origin.replace('127.0.0.1', 'fairfloor.test')
    const on = (url: string): string => url.replace(server.origin, origin)
    const { code, chair, live: observer, room } = server.links
    const speaker = await delegateAt(4)
    const desk = (await invite(server, ['captioner'])).url
    const pages: [name: string, url: string][] = [
      ['index', `${origin}/`],
      ['speaker', on(speaker)],
      ['live', on(observer)],
      ['room', `${origin}/s/${code}/room#${room.split('#')[1]}`],
      ['desk', on(desk)],
      ['booth', on((await invite(server, ['interpreter'])).url)],
      ['apply', `${origin}/s/${code}/apply`],
      ['organiser', `${origin}/s/${code}/organiser#${server.links.organiser}`],
      ['sessions', `${origin}/organiser#${server.links.organiser}`],
      ['chair', on(chair)],
      ['compact', on(chair).replace('#', '?compact#')],
      ['cue', on(chair).replace('#', '?cue#')],
      ['gate', `${origin}/s/${code}/chair`],
    ]
    for (const language of ['en', 'ar'] as const) {
      // The words turn around in the same way on every page; that nothing is in the way of them, one of each form shows.
      const shown =
        language === 'en' ? pages : pages.filter(([name]) => ['speaker', 'room', 'compact', 'apply'].includes(name))
      for (const [name, url] of shown) {
        const [path, token] = url.split('#')
        const link = `${path}${path!.includes('?') ? '&' : '?'}lang=${language}${token ? `#${token}` : ''}`
        const size = name === 'compact' ? { width: 400, height: 640 } : { width: 1280, height: 800 }
        const { page, context, wrong } = await open(browser, link, { ...size, locale: language })
        const where = `${name} in ${language}`
        if (['index', 'apply', 'sessions'].includes(name)) await page.getByRole('heading').first().waitFor()
        else if (name === 'gate') await page.locator('[data-trouble="personal"]').waitFor()
        else await live(page)
        expect(await page.evaluate(() => isSecureContext), where).toBe(false)
        const sign = page.locator('[data-insecure]')
        await sign.waitFor()
        for (const width of name === 'compact' ? [size.width] : [390, 1280]) {
          await page.setViewportSize({ width, height: size.height })
          expect((await overflow(page)).wide, where).toBeLessThanOrEqual(0)
          expect(await cut(page), where).toEqual([])
        }
        if (name !== 'room') {
          await sign.locator('summary').click()
          expect((await sign.locator('li').allInnerTexts()).length, where).toBe(5)
          await expect.poll(() => sign.locator('.panel').isVisible()).toBe(true)
          const box = (await sign.locator('.panel').boundingBox())!
          expect(box.x, where).toBeGreaterThanOrEqual(0)
          expect(box.x + box.width, where).toBeLessThanOrEqual(page.viewportSize()!.width)
        }
        expect(await violations(page), where).toEqual([])
        await page.screenshot({ path: join(shots, `http-${name}-${language}.png`) })
        expect(wrong, where).toEqual([])
        await context.close()
      }
    }
    // And it works: a delegate checks in, and the chair sees it, both over http.
    const delegate = await open(browser, on(speaker), { width: 390, height: 844 })
    const desk2 = await open(browser, on(chair))
    await live(delegate.page)
    await delegate.page.getByText('Notifications need https').waitFor()
    await delegate.page.screenshot({ path: join(shots, 'http-speaker-390.png'), fullPage: true })
    await delegate.page.getByRole('button', { name: 'I am here' }).click()
    await delegate.page.getByText('You are checked in').waitFor()
    await desk2.page.locator('.list').getByText('checked in').first().waitFor()
    expect([...delegate.wrong, ...desk2.wrong]).toEqual([])
    await delegate.context.close()
    await desk2.context.close()
  }, 240_000)
})
