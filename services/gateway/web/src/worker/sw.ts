// The service worker: keeps the files of the pages that were opened, so that they open on a bad line, and says what the
// server sent when no page is open. It never answers for the server: nothing of a session goes through its cache, and a
// page that it opens without a network says itself that it is not live.
import {
  aboutURL,
  answer,
  cacheOf,
  inherit,
  inWords,
  pathOf,
  prefix,
  read,
  shellOf,
  wordsCache,
  wordsURL,
  type Build,
  type Words,
} from './plan'

declare const self: ServiceWorkerGlobalScope
/** Filled in by the build. */
declare const __FAIRFLOOR_BUILD__: Build

const build = __FAIRFLOOR_BUILD__

/** How long the network may take to bring a page before the kept one is shown, ms: it fetches its own news. */
const patience = 5000

const about = (): Response => Response.json(build)

self.addEventListener('install', (event) => {
  event.waitUntil(
    (async () => {
      const wanted = new Set<string>()
      for (const name of await caches.keys()) {
        if (!name.startsWith(prefix) || name === cacheOf(build)) continue
        const old = await caches.open(name)
        const before = (await (await old.match(aboutURL))?.json()) as Build | undefined
        const kept = (await old.keys()).map((request) => new URL(request.url).pathname)
        if (before) for (const url of inherit(build, before, kept)) wanted.add(url)
      }
      const cache = await caches.open(cacheOf(build))
      // All or nothing: a page must not be kept without what it needs. When it fails, the old build stays in charge.
      await cache.addAll([...wanted].map((url) => new Request(url, { credentials: 'omit' })))
      await cache.put(aboutURL, about())
      await self.skipWaiting()
    })(),
  )
})

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys())
        if (name.startsWith(prefix) && name !== cacheOf(build)) await caches.delete(name)
      await self.clients.claim()
    })(),
  )
})

/** A page from the network; when that fails or takes too long, its kept file, without any state. */
async function page(request: Request, name: string): Promise<Response> {
  const kept = caches.open(cacheOf(build)).then((cache) => cache.match(shellOf(name)))
  const network = fetch(request)
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), patience))
  try {
    const first = await Promise.race([network, late])
    if (first !== 'late') return first
    return (await kept) ?? (await network)
  } catch {
    network.catch(() => undefined)
    return (await kept) ?? Response.error()
  }
}

/** A file of a build never changes under its name. */
async function file(request: Request): Promise<Response> {
  const kept = await caches.match(request.url)
  if (kept) return kept
  const fresh = await fetch(request)
  if (fresh.ok && Object.values(build.files).includes(new URL(request.url).pathname)) {
    const cache = await caches.open(cacheOf(build))
    await cache.put(request.url, fresh.clone())
  }
  return fresh
}

self.addEventListener('fetch', (event) => {
  const how = answer(build, event.request, self.location.origin)
  if (how.from === 'page') event.respondWith(page(event.request, how.page))
  if (how.from === 'file') event.respondWith(file(event.request))
})

/** A page that was opened before the worker was there says what it is made of; and in which words messages are shown. */
self.addEventListener('message', (event) => {
  const { keep, words } = (event.data ?? {}) as { keep?: { page: string; files: string[] }; words?: Words }
  if (words) event.waitUntil(caches.open(wordsCache).then((cache) => cache.put(wordsURL, Response.json(words))))
  if (!keep || !(keep.page in build.pages)) return
  event.waitUntil(
    (async () => {
      const own = new Set(Object.values(build.files))
      // The page itself last: what is cut short leaves no page without what it needs.
      const wanted = [...build.pages[keep.page]!, ...keep.files.filter((url) => own.has(url)), shellOf(keep.page)]
      const cache = await caches.open(cacheOf(build))
      for (const url of new Set(wanted))
        if (!(await cache.match(url))) await cache.add(new Request(url, { credentials: 'omit' }))
      event.source?.postMessage({ kept: keep.page })
    })().catch(() => undefined),
  )
})

async function said(): Promise<Words | undefined> {
  const found = await (await caches.open(wordsCache)).match(wordsURL)
  return (await found?.json().catch(() => undefined)) as Words | undefined
}

self.addEventListener('push', (event) => {
  event.waitUntil(
    (async () => {
      let data: unknown
      try {
        data = event.data?.json()
      } catch {
        // Not one of ours.
      }
      const message = read(data)
      if (!message) return
      const open = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
      // Somebody who looks at the page is told there.
      if (open.some((one) => one.visibilityState === 'visible' && new URL(one.url).pathname === pathOf(message))) return
      const spoken = await said()
      const { title, body } = inWords(message, spoken)
      const options: NotificationOptions & { renotify: boolean; vibrate: number[] } = {
        body,
        tag: message.tag,
        renotify: true,
        vibrate: [300, 150, 300],
        requireInteraction: message.kind === 'called',
        icon: '/icon-192.png',
        badge: '/badge.png',
        lang: spoken?.language ?? 'en',
        dir: spoken?.direction ?? 'ltr',
        data: { path: pathOf(message) },
      }
      await self.registration.showNotification(title, options)
    })(),
  )
})

self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  const path = (event.notification.data as { path?: string } | null)?.path ?? '/'
  event.waitUntil(
    (async () => {
      const open = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
      const there = open.find((one) => new URL(one.url).pathname === path)
      await (there ? there.focus() : self.clients.openWindow(path))
    })(),
  )
})
