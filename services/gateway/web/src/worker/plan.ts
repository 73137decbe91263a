// What the service worker decides, without a browser: what it answers itself, what it keeps of a new build, and what a
// message says. It never holds anything of a session: pages' files alone.

/** What the build says of itself (vite.app.ts). */
export interface Build {
  /** Changes with every file. */
  id: string
  /** The files that each page needs at once, as URLs. */
  pages: Record<string, string[]>
  /** Every file of the build: from what it was made of to its URL. */
  files: Record<string, string>
}

export const prefix = 'fairfloor-'
export const cacheOf = (build: Build): string => prefix + build.id

/** The texts of messages in the viewer's language, and where the cache of them lies. */
export const wordsCache = 'words'
export const wordsURL = '/words.json'
export const aboutURL = '/build.json'

export type Answer = { from: 'page'; page: string } | { from: 'file' } | { from: 'network' }

/** Which page's file answers a path, when it is a page's. */
export function pageOf(path: string, pages: readonly string[]): string | undefined {
  const name = /^\/s\/[^/]+\/([a-z]+)$/.exec(path)?.[1]
  if (name) return pages.includes(name) ? name : undefined
  return path === '/' || /^\/s\/[^/]+$/.test(path) ? 'index' : undefined
}

/** The URL under which a page's own file lies at the server, with nothing of a session in it. */
export const shellOf = (page: string): string => (page === 'index' ? '/' : `/${page}.html`)

/** How a request is answered: a page from the network first, a file of the build from the cache first, all else as if there were no worker. */
export function answer(build: Build, request: { method: string; mode: string; url: string }, origin: string): Answer {
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== origin) return { from: 'network' }
  if (request.mode === 'navigate') {
    const page = pageOf(url.pathname, Object.keys(build.pages))
    return page ? { from: 'page', page } : { from: 'network' }
  }
  return url.pathname.startsWith('/assets/') ? { from: 'file' } : { from: 'network' }
}

/**
 * What a new build must fetch before it takes over, from what an earlier one had kept: the same pages with all that they
 * need, and of its files the same ones as they are now.
 */
export function inherit(build: Build, before: Build, kept: readonly string[]): string[] {
  const wanted = new Set<string>()
  const made = new Map(Object.entries(before.files).map(([source, url]) => [url, source]))
  for (const url of kept) {
    const page = Object.keys(build.pages).find((name) => shellOf(name) === url)
    if (page) for (const one of [url, ...build.pages[page]!]) wanted.add(one)
    const now = build.files[made.get(url) ?? '']
    if (now) wanted.add(now)
  }
  return [...wanted].toSorted()
}

/** A message of the server (services/gateway/internal/push). */
export interface Message {
  kind: string
  place?: number
  code: string
  tag: string
}

/** The words for messages: written by the page, in its viewer's language. */
export interface Words {
  language: string
  direction: 'ltr' | 'rtl'
  title: string
  /** By kind; `{place}` is filled in. */
  texts: Record<string, string>
}

const english: Words = {
  language: 'en',
  direction: 'ltr',
  title: 'Fairfloor',
  texts: { other: 'Something changed about your turn. Open the page.' },
}

/** Reads a message; anything else than one is none. */
export function read(data: unknown): Message | undefined {
  const m = data as Partial<Message> | null
  if (typeof m?.kind !== 'string' || typeof m.code !== 'string' || typeof m.tag !== 'string') return undefined
  return { kind: m.kind, code: m.code, tag: m.tag, ...(typeof m.place === 'number' ? { place: m.place } : {}) }
}

/** The page that a message is about. */
export const pathOf = (message: Message): string => `/s/${encodeURIComponent(message.code)}/speaker`

/** A message in words: never anybody's name, since none was sent. */
export function inWords(message: Message, words: Words = english): { title: string; body: string } {
  const text = words.texts[message.kind] ?? words.texts.other ?? english.texts.other!
  const place = message.place === undefined ? '' : new Intl.NumberFormat(words.language).format(message.place)
  return { title: words.title, body: text.replace('{place}', place) }
}
