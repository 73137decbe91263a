// Session time in the browser: an offset to the gateway's clock, measured by
// exchanges, and the countdowns derived from it on every frame. The browser's
// own clock may be wrong by any amount: only its differences are used.
import { clock } from '../i18n'
import type { TurnView } from './view'

export interface Sample {
  /** Round trip without the server's own time, ms. */
  trip: number
  /** performance.now() at which the server is taken to have answered. */
  middle: number
  /** Session time then, and its speed in thousandths of the wall clock. */
  session: number
  permille: number
}

export interface ClockAnswer {
  client_ms: number
  received_ms: number
  sent_ms: number
  session_ms: number
  speed_permille: number
}

/** How many samples are kept; the one with the least round trip counts. */
const kept = 8

/** Adds an exchange that was answered at the local time `now`. */
export function add(samples: Sample[], answer: ClockAnswer, now: number): Sample[] {
  const trip = now - answer.client_ms - (answer.sent_ms - answer.received_ms)
  const sample = {
    trip,
    middle: now - trip / 2,
    session: answer.session_ms,
    permille: answer.speed_permille || 1000,
  }
  return [...samples, sample].slice(-kept)
}

/** Session time at the local time `now`, or undefined before the first exchange. */
export function sessionTime(samples: Sample[], now: number): number | undefined {
  const best = samples.reduce<Sample | undefined>((a, b) => (a && a.trip <= b.trip ? a : b), undefined)
  return best && best.session + ((now - best.middle) * best.permille) / 1000
}

/** What is left of a turn, ms; negative over the limit, undefined before it began. */
export function left(turn: TurnView | undefined, now: number | undefined): number | undefined {
  if (!turn?.begun_at || turn.allotted_ms === undefined || now === undefined) return undefined
  const at = turn.ended_at ?? turn.paused_since ?? now
  return turn.allotted_ms + (turn.added_ms ?? 0) - (at - turn.begun_at - (turn.paused_ms ?? 0))
}

/**
 * How long until a number of this turn or of the session's seconds changes, ms of session time: what is left (or the
 * seconds since the call), what was used, the second of `now`. A page that looks then shows the same as one that looks
 * on every frame, and lets a phone rest in between.
 */
export function untilChange(turn: TurnView | undefined, now: number): number {
  const next = (ms: number): number => ((ms % 1000) + 1000) % 1000 || 1000
  const ms = left(turn, now)
  const waits = [next(-now)]
  if (turn && ms === undefined) waits.push(next(turn.given_at - now))
  if (turn && ms !== undefined && !turn.paused_since && !turn.ended_at)
    waits.push(next(ms), next(ms - (turn.allotted_ms ?? 0) - (turn.added_ms ?? 0)))
  return Math.min(...waits)
}

/** The colour of a countdown: amber at 30 s or 20 %, red at 0 (fairness.md). */
export function tone(turn: TurnView | undefined, ms: number | undefined): 'calm' | 'amber' | 'red' {
  if (ms === undefined || !turn) return 'calm'
  if (ms <= 0) return 'red'
  return ms <= Math.min(30_000, ((turn.allotted_ms ?? 0) + (turn.added_ms ?? 0)) / 5) ? 'amber' : 'calm'
}

/** A length as m:ss, in whole seconds that have passed or were given. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  return clock(Math.floor(seconds / 60), seconds % 60)
}

/** m:ss, rounded up while time is left, so that 0:00 is shown only when it is over. */
export function minutes(ms: number): string {
  const seconds = ms >= 0 ? Math.ceil(ms / 1000) : Math.floor(-ms / 1000)
  const text = clock(Math.floor(seconds / 60), seconds % 60)
  return ms < 0 && seconds > 0 ? `−${text}` : text
}
