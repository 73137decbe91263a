// The session's record as the program itself makes it of the log, and whether the log proves the browsers' receipts.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { binary, type Server } from './server'

export interface Record {
  entries: { id: string; organisation: string; kind: string; state: string; members?: string[]; deferrals?: number }[]
  turns: {
    entry: string
    organisation: string
    begun_at_ms: number
    used_ms: number
    offered_ms: number
    added_ms?: number
    how: string
  }[]
  decisions: { verb: string; roles: string[] }[]
  figures: {
    applied: number
    heard: number
    not_reached: number
    jain_offered: number
    shortest_offered_ms: number
  }
}

interface Verdict {
  verified: boolean
  receipts: number
  differences: unknown[]
}

const run = promisify(execFile)
const most = 256 * 1024 * 1024

/** `fairfloor record` of the running server's log, and `fairfloor verify` of that record with the receipts. */
export async function recordOf(server: Server, receipts: unknown[]): Promise<{ record: Record; verdict: Verdict }> {
  const folder = await mkdtemp(join(tmpdir(), 'fairfloor-record-'))
  try {
    const [token, made, kept] = ['token', 'record.json', 'receipts.json'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await writeFile(token, server.links.organiser)
    const asked = ['record', server.links.session, '--json', '--server', server.origin, '--token-file', token]
    const { stdout } = await run(binary, asked, { maxBuffer: most })
    await writeFile(made, stdout)
    await writeFile(kept, JSON.stringify(receipts))
    // It ends with an error where something differs: then what it says is the failure.
    const judged = await run(binary, ['verify', made, '--json', '--receipts', kept], { maxBuffer: most }).catch(
      (failed: { stdout?: string; stderr?: string }) => {
        if (failed.stdout) return { stdout: failed.stdout }
        throw new Error(failed.stderr ?? String(failed))
      },
    )
    return { record: JSON.parse(stdout) as Record, verdict: JSON.parse(judged.stdout) as Verdict }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
