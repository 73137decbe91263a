// Starts the real binary with its sample session, each on a folder and a port of its own.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The program under test. */
export const binary = process.env.FAIRFLOOR_BIN ?? join(import.meta.dirname, '../../../../bin/fairfloor')

/** The links that the program makes for its sample session. */
export interface Links {
  session: string
  code: string
  chair: string
  speaker: string
  live: string
  room: string
  booth: string
  /** The organiser's token. */
  organiser: string
}

export interface Server {
  origin: string
  links: Links
  stop: () => Promise<void>
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}

/** Serves the sample session, with further settings; fails, with what the program said, when it does not come up within 30 s. */
export async function serve(more: readonly string[] = []): Promise<Server> {
  if (!existsSync(binary)) throw new Error(`no program at ${binary}: ./scripts/test builds it, or set FAIRFLOOR_BIN`)
  const folder = await mkdtemp(join(tmpdir(), 'fairfloor-e2e-'))
  const file = join(folder, 'links.json')
  const address = `127.0.0.1:${await freePort()}`
  const child = spawn(
    binary,
    ['serve', '--sample', '--data', join(folder, 'data'), '--address', address, '--links-json', file, ...more],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk))
  const stop = async (): Promise<void> => {
    await end(child)
    await rm(folder, { recursive: true, force: true })
  }
  const until = Date.now() + 30_000
  for (;;) {
    if (child.exitCode !== null || Date.now() > until) {
      await stop()
      throw new Error(`the program did not come up: ${said}`)
    }
    try {
      const links = JSON.parse(await readFile(file, 'utf8')) as Links
      const origin = `http://${address}`
      if ((await fetch(`${origin}/api/v1/codes/${links.code}`)).ok) return { origin, links, stop }
    } catch {
      // Not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const forced = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(forced)
}
