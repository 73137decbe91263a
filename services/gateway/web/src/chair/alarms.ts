// What the chair must know without looking for it, worst first. A pure function of the view, so that it is a table in
// alarms.test.ts.
import { agenda, listPart, nextEntry, runningTurn, waiting } from '../lib/floor'
import { behind } from '../lib/plan'
import type { EntryView, Id, Presence, View } from '../lib/view'

export type Alarm =
  | { kind: 'interpretation_lost'; at: number; language?: string }
  | { kind: 'no_sound'; at: number }
  | { kind: 'slow_down' }
  | { kind: 'interpretation_end'; at: number; minutes: number; asked?: number; declined?: number }
  | { kind: 'overtime'; at: number }
  | { kind: 'close_now' }
  | { kind: 'at_risk' }
  | { kind: 'captions'; track: string; since?: number }
  | { kind: 'holder_away'; entry: Id }
  | { kind: 'next_away'; entry: Id; place: number }
  | { kind: 'behind'; minutes: number }

/**
 * Whether somebody is missing: reported absent, or known by their own line alone and now without it. Who sits in the
 * room without a device is not missing, and where connections are not known (Redis away) nobody is.
 */
export function away(entry: EntryView, presence: Presence | undefined): boolean {
  if (entry.absent) return true
  const byLine = entry.presence === 'seen' && !entry.checked_in
  return byLine && !!presence?.known && !(presence.connected ?? []).includes(entry.id)
}

/** How many places ahead the chair is told of somebody who is missing. */
const lookAhead = 3

export function alarms(view: View, presence: Presence | undefined, now: number | undefined): Alarm[] {
  const out: Alarm[] = []
  const { phase, hard_end, close_now_at } = view.session
  if (phase === 'adjourned') return out
  const booth = view.booth
  const { interpretation_lost: lost, no_sound: silent, slow_down: slow } = booth?.troubles ?? {}
  if (lost) out.push({ kind: 'interpretation_lost', at: lost.since, language: lost.language })
  if (silent) out.push({ kind: 'no_sound', at: silent.since })
  if (phase === 'planned') return out
  if ((now ?? 0) >= hard_end) out.push({ kind: 'overtime', at: hard_end })
  else if (close_now_at) out.push({ kind: 'close_now' })
  if (view.plan.at_risk) out.push({ kind: 'at_risk' })
  const turn = runningTurn(view)
  if (slow && turn && slow.turn === turn.id && (slow.until ?? 0) > (now ?? 0)) out.push({ kind: 'slow_down' })
  if (booth?.interpretation_end && (booth.end_soon || booth.end_over)) {
    const at = booth.interpretation_end
    const minutes = now === undefined ? 0 : Math.max(0, Math.ceil((at - now) / 60_000))
    out.push({ kind: 'interpretation_end', at, minutes, asked: booth.asked, declined: booth.declined })
  }
  for (const track of Object.values(view.tracks ?? {}).toSorted((a, b) => a.track.localeCompare(b.track)))
    if (track.state === 'interrupted') out.push({ kind: 'captions', track: track.track, since: track.missing_since })
  const holder = turn && view.entries[turn.entry]
  // Somebody who was seen to begin is there; until then their line is all there is.
  if (holder && !turn.begun_at && away(holder, presence)) out.push({ kind: 'holder_away', entry: holder.id })
  if (phase === 'running') {
    const list = waiting(view, (listPart(view) ?? agenda(view)[0])?.id).slice(0, lookAhead)
    const next = nextEntry(view)
    for (const entry of list)
      if (away(entry, presence))
        out.push({ kind: 'next_away', entry: entry.id, place: entry.place ?? (entry === next ? 1 : 0) })
  }
  const minutes = Math.ceil(behind(view) / 60_000)
  if (minutes > 0) out.push({ kind: 'behind', minutes })
  return out
}

/** Those that stand in red and interrupt a screen reader. */
export const grave = (alarm: Alarm): boolean =>
  ['interpretation_lost', 'no_sound', 'overtime', 'at_risk'].includes(alarm.kind)
