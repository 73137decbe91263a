// A rehearsal as the gateway plays it (pkg/fairness/simulate), and how far it has been watched.
import { Refused } from '../lib/link'
import type { Problem } from '../lib/view'

export interface RehearsedTurn {
  place: number
  group: string
  remote?: boolean
  called_ms: number
  begun_ms: number
  ended_ms: number
  offered_ms: number
  used_ms: number
  cut?: boolean
}

export interface Rehearsal {
  applied: number
  present: number
  heard: number
  turns: RehearsedTurn[]
  guarantee_ms: number
  shortest_ms: number
  longest_ms: number
  cut: number
  jain: number
  ended_ms: number
  limit_ms: number
  many: {
    sessions: number
    heard_mean: number
    present_mean: number
    all_present_heard: number
    shortest_offered_s: number
    cut_share: number
    jain_offered: number
    promises_broken: number
    no_overrun_share: number
  }
}

interface Step {
  done: number
  of: number
  result?: Rehearsal
  problem?: Problem
}

/** How many times faster than life a rehearsal is shown. */
export const pace = 20

/** Asks for a rehearsal and tells how far it is. Throws Refused. */
export async function rehearse(
  token: string,
  body: unknown,
  progress: (done: number, of: number) => void,
  signal: AbortSignal,
): Promise<Rehearsal> {
  const answer = await fetch('/api/v1/rehearsals', {
    method: 'POST',
    credentials: 'omit',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
  if (!answer.ok || !answer.body) {
    const problem = (await answer.json().catch(() => undefined)) as Problem | undefined
    throw new Refused(problem?.code ? problem : { code: 'unknown', title: answer.statusText, status: answer.status })
  }
  let last: Step | undefined
  for await (const line of lines(answer.body)) {
    last = JSON.parse(line) as Step
    progress(last.done, last.of)
  }
  if (last?.result) return last.result
  throw new Refused(last?.problem ?? { code: 'unknown', title: answer.statusText, status: answer.status })
}

/** The lines of a stream, as they come; the last one need not be ended. */
export async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    rest += decoder.decode(value, { stream: !done })
    const whole = rest.split('\n')
    rest = whole.pop() ?? ''
    for (const line of whole) if (line) yield line
    if (done) break
  }
  if (rest) yield rest
}

/** What of a rehearsal has happened at an instant of it: turns that are over, and the one that runs. */
export function watched(
  turns: readonly RehearsedTurn[],
  at: number,
): { over: RehearsedTurn[]; running?: RehearsedTurn } {
  return {
    over: turns.filter((turn) => turn.ended_ms <= at),
    running: turns.find((turn) => turn.called_ms <= at && at < turn.ended_ms),
  }
}
