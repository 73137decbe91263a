// People with links of their own beside those of the sample session, and what they ask of the API directly.
import { randomBytes } from 'node:crypto'
import type { Server } from './server'

export interface Invited {
  url: string
  token: string
}

interface Receipt {
  outcome: string
  made?: Record<string, string>
  problem?: { detail?: string; code: string }
}

/** A UUIDv7 for a command. */
function uuid7(): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

const path = ({ origin, links }: Server, rest = ''): string => `${origin}/api/v1/sessions/${links.session}${rest}`

async function answer<T>(response: Response): Promise<T> {
  const body = (await response.json()) as T
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${JSON.stringify(body)}`)
  return body
}

/** The session's view as somebody sees it. */
export async function view<T>(server: Server, token: string): Promise<T> {
  return answer<T>(await fetch(path(server), { headers: { Authorization: `Bearer ${token}` } }))
}

/** Makes a link with these roles. */
export async function invite(server: Server, roles: string[], more: object = {}): Promise<Invited> {
  const response = await fetch(path(server, '/invitations'), {
    method: 'POST',
    headers: { Authorization: `Bearer ${server.links.organiser}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ roles, expires: Date.now() + 86_400_000, ...more }),
  })
  return answer<Invited>(response)
}

/** Applies by the public form, and gives the link under which the applicant sees where that stands. */
export async function wish(server: Server): Promise<string> {
  const response = await fetch(path(server, '/applications'), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      id: uuid7(),
      organisation: `A wish, ${randomBytes(4).toString('hex')}`,
      basis: 'Twelve years of work on the subject.',
      delegate: { name: 'Ada Doe', email: 'ada@example.org' },
    }),
  })
  return (await answer<{ url: string }>(response)).url
}

/** Sends a command and gives its receipt; throws when it is refused. */
export async function command(server: Server, token: string, verb: string, args: object): Promise<Receipt> {
  const response = await fetch(path(server, '/commands'), {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ id: uuid7(), verb, args }),
  })
  const receipt = await answer<Receipt>(response)
  if (receipt.outcome === 'refused') throw new Error(`${verb}: ${JSON.stringify(receipt.problem)}`)
  return receipt
}

/** What somebody gets who asks for a statement's words. */
export const textStatus = async (server: Server, token: string, text: string): Promise<number> =>
  (await fetch(path(server, `/texts/${text}`), { headers: { Authorization: `Bearer ${token}` } })).status

/** A source that writes a track through the API, as a captioner's tool would. */
export class Writer {
  private constructor(
    private readonly server: Server,
    private readonly token: string,
    private readonly track: string,
    private readonly source: string,
  ) {}

  static async open(server: Server, token: string, track: string, label = 'Test desk'): Promise<Writer> {
    const receipt = await command(server, token, 'open_source', {
      track,
      kind: 'typed',
      label,
      language: track,
      hears: 'interpretation',
    })
    return new Writer(server, token, track, receipt.made!.source!)
  }

  /** Writes finals, at most 64 in a command; said at an instant of the session, or as long ago as they take to be said. */
  async write(texts: readonly string[], at?: number): Promise<void> {
    const time = at === undefined ? {} : { start_ms: at, end_ms: at, time_basis: 'source' }
    const { tracks } = await view<{ tracks: Record<string, { epoch: number }> }>(this.server, this.token)
    for (let i = 0; i < texts.length; i += 64) {
      await command(this.server, this.token, 'caption', {
        track: this.track,
        source: this.source,
        epoch: tracks[this.track]!.epoch,
        segments: texts.slice(i, i + 64).map((text) => ({ segment: uuid7(), text, ...time })),
      })
    }
  }
}

/** Word error rate: the least words to change, add or leave out, over the words that were said. */
export function wordErrorRate(said: string, written: string): number {
  const [a, b] = [said, written].map((text) => text.split(/\s+/).filter(Boolean)) as [string[], string[]]
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]! / Math.max(1, a.length)
}

/** Asks again while the server says "not so fast". */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (!String(error).includes('too_many')) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/**
 * Lets organisations apply, accepts them and puts them on the list, until so many wait. Each link may send twenty
 * commands in a second, so that several links share the work.
 */
export async function crowd(server: Server, waiting: number): Promise<void> {
  interface Seen {
    agenda: string[]
    lists: Record<string, string[]>
    applicants: Record<string, { organisation: string }>
  }
  const seen = await view<Seen>(server, server.links.organiser)
  const part = seen.agenda[0]!
  const missing = waiting - (seen.lists[part]?.length ?? 0)
  const rows = Array.from({ length: missing }, (_, i) => ({
    organisation: `Further Organisation ${String(i + 1).padStart(3, '0')}`,
    category: 'stakeholder',
    group: ['civil society', 'private sector', 'academia'][i % 3],
    region: 'WEOG',
    language: 'en',
    requested_ms: 120_000,
    accept: true,
  }))
  await command(server, server.links.organiser, 'import', { rows })
  const { applicants } = await view<Seen>(server, server.links.organiser)
  const joining = Object.entries(applicants)
    .filter(([, { organisation }]) => organisation.startsWith('Further'))
    .map(([id]) => id)
  const share = 18
  const shares = Array.from({ length: Math.ceil(joining.length / share) }, (_, i) =>
    joining.slice(i * share, (i + 1) * share),
  )
  await Promise.all(
    shares.map(async (mine) => {
      const { token } = await patiently(() => invite(server, ['secretariat']))
      for (const applicant of mine) await patiently(() => command(server, token, 'join', { part, applicant }))
    }),
  )
}
