// The link that somebody opened: /s/CODE/PAGE#TOKEN. The token moves from the
// fragment to this tab's own storage and leaves the address bar, so that four
// links in one browser do not overwrite each other (decisions.md 30).
import { learn } from '../i18n'
import type { Id, Phase, Problem } from './view'

export type Page = 'booth' | 'chair' | 'desk' | 'organiser' | 'speaker' | 'live' | 'room'

/** A session in short, as the code finds it. */
export interface Brief {
  session: Id
  title: string
  code: string
  phase: Phase
  planned_start: number
  hard_end: number
  zone: string
  public: boolean
  consultation: Id
  /** Whether anybody may apply by the public form. */
  applications: boolean
  languages: string[]
}

/** A refusal of the HTTP API. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title)
  }
}

/** The code in a path, or undefined on the first page. */
export const codeOf = (path: string): string | undefined => {
  const found = /^\/s\/([^/]+)/.exec(path)?.[1]
  return found && decodeURIComponent(found)
}

/** The roles that a token claims; what they allow, the server alone decides. */
export function rolesOf(token: string): string[] {
  try {
    const body = token.split('.')[1] ?? ''
    const claims = JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/'))) as { roles?: unknown }
    return Array.isArray(claims.roles) ? claims.roles.map(String) : []
  } catch {
    return []
  }
}

/** The page of a link with these roles, as the server makes its links. */
export function pageFor(roles: readonly string[]): Page {
  if (roles.some((role) => ['organiser', 'chair', 'vice_chair', 'secretariat'].includes(role))) return 'chair'
  if (roles.includes('speaker')) return 'speaker'
  if (roles.includes('captioner')) return 'desk'
  if (roles.includes('interpreter') || roles.includes('technician')) return 'booth'
  return 'live'
}

const key = (code: string): string => `fairfloor.token.${code}`
const memory = new Map<string, string>()

/**
 * Takes the token of the fragment, or the one that this tab was given before. `fragments` are what else a fragment of
 * this page may be, such as the name of a section.
 */
export function takeToken(code: string, fragments: readonly string[] = []): string | undefined {
  const given = location.hash.slice(1)
  if (!given || fragments.includes(given)) return stored(code)
  carryToken(code, given)
  history.replaceState(history.state, '', location.pathname + location.search)
  return given
}

/** Keeps a token for this tab's next page of a code, when one link opens several sessions. */
export function carryToken(code: string, token: string): void {
  memory.set(code, token)
  try {
    sessionStorage.setItem(key(code), token)
  } catch {
    // A browser without storage keeps it until the page is left.
  }
}

/** Where a link is kept on this device, for one page of one session, when its owner wants to come back to it. */
export const keptKey = (code: string, page: string): string => `fairfloor.kept.${code}.${page}`

/** The name of the page in a path: /s/CODE/NAME. */
export const pageIn = (path: string): string | undefined => /^\/s\/[^/]+\/([a-z]+)$/.exec(path)?.[1]

/** The token that this tab was given before for a code. */
export function stored(code: string): string | undefined {
  try {
    const own = sessionStorage.getItem(key(code)) ?? memory.get(code)
    if (own) return own
    // A notification or the installed app opened this page: the tab is new, the device has the link.
    const kept = localStorage.getItem(keptKey(code, pageIn(location.pathname) ?? ''))
    if (kept) sessionStorage.setItem(key(code), kept)
    return kept ?? undefined
  } catch {
    return memory.get(code)
  }
}

async function ask<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(`/api/v1${path}`, { ...init, credentials: 'omit' })
  const body = (await answer.json().catch(() => undefined)) as unknown
  if (answer.ok) return body as T
  const problem = body as Problem | undefined
  await learn()
  throw new Refused(problem?.code ? problem : { code: 'unknown', title: answer.statusText, status: answer.status })
}

/** The session of a code. Throws Refused, or TypeError when the server cannot be reached. */
export const find = (code: string): Promise<Brief> => ask(`/codes/${encodeURIComponent(code)}`)

/**
 * The session of a code as it came inside the page (data-brief of #app), once: a question less on a slow line. Whoever
 * asks again, asks the server.
 */
export function brought(code: string): Brief | undefined {
  const place = document.getElementById('app')
  const text = place?.dataset.brief
  delete place?.dataset.brief
  const brief = text ? (JSON.parse(text) as Brief) : undefined
  return brief?.code.toUpperCase() === code.toUpperCase() ? brief : undefined
}

/** A token for an anonymous visitor, where the session is public. */
export const visit = async (session: Id): Promise<string> =>
  (await ask<{ token: string }>(`/sessions/${session}/visitors`, { method: 'POST' })).token

/**
 * The way to the link of a personal or a one-time code, on this origin; `session` is the one on whose page it was
 * typed. Throws Refused for a code that opens none.
 */
export async function byCode(code: string, session?: Id): Promise<string> {
  const { url } = await ask<{ url: string }>('/join', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ code, session }),
  })
  const { pathname, hash } = new URL(url)
  return pathname + hash
}
