// A delegate's own standing: which of their entries matters now, and what may be done with it.
import { agenda, runningTurn, waiting } from './floor'
import type { EntryKind, EntryView, Id, Me, PartView, TurnView, View } from './view'

const urgency: Record<EntryView['state'], number> = {
  admitted: 0,
  on_floor: 1,
  raised: 2,
  waiting: 3,
  standby: 4,
  merged: 5,
  set_aside: 6,
  not_reached: 7,
  spoken: 8,
  refused: 9,
  withdrawn: 10,
}

/** One's own entries, the most urgent first; among those waiting the earliest place of the part that runs. */
export function mine(view: View, me: Me | undefined): EntryView[] {
  const own = (me?.entries ?? []).map((id) => view.entries[id]).filter((e): e is EntryView => e !== undefined)
  const later = (e: EntryView): number => (view.session.part && e.part !== view.session.part ? 1000 : 0)
  const key = (e: EntryView): number => urgency[e.state] * 100_000 + later(e) + (e.place ?? 0)
  return own.toSorted((a, b) => key(a) - key(b))
}

/** The entry that speaks for this one: the lead of a joint statement, or itself. */
export const lead = (view: View, entry: EntryView): EntryView =>
  (entry.merged_into ? view.entries[entry.merged_into] : undefined) ?? entry

/** One's own turn, while it has the floor. */
export function myTurn(view: View, me: Me | undefined): TurnView | undefined {
  const turn = runningTurn(view)
  return turn && mine(view, me).some((entry) => lead(view, entry).id === turn.entry) ? turn : undefined
}

const active = new Set(['waiting', 'on_floor', 'standby', 'raised', 'admitted', 'merged'])

/** The parts whose list one is not on, with a list that takes entries. */
export function joinable(view: View, me: Me | undefined): PartView[] {
  const there = new Set(
    mine(view, me)
      .filter((entry) => entry.kind === 'statement' && (active.has(entry.state) || entry.state === 'spoken'))
      .map((entry) => entry.part),
  )
  return agenda(view).filter((part) => part.has_list && !part.ended_at && !there.has(part.id))
}

/** Whether the rights matrix gives one's category this kind of entry. */
export function may(view: View, me: Pick<Me, 'applicant'> | undefined, kind: EntryKind): boolean {
  const category = view.applicants[me?.applicant ?? '']?.category ?? ''
  const rights = view.session.modalities.rights ?? {}
  return (rights[category] ?? rights['*'] ?? []).includes(kind)
}

/** Who is before an entry, next first. */
export const before = (view: View, entry: EntryView): EntryView[] =>
  waiting(view, entry.part).slice(0, Math.max(0, (entry.place ?? 1) - 1))

/** Entries with which places may be exchanged: they wait on the same list and are of the same kind. */
export const exchangeable = (view: View, entry: EntryView): EntryView[] =>
  waiting(view, entry.part).filter((other) => other.id !== entry.id && other.kind === entry.kind)

/** Proposals to this delegate, and those that they made. */
export function swaps(me: Me | undefined, entry: Id): { asked: Swap[]; made: Swap[] } {
  const all = Object.values(me?.swaps ?? {})
  return { asked: all.filter((s) => s.with === entry), made: all.filter((s) => s.entry === entry) }
}

interface Swap {
  id: Id
  entry: Id
  with: Id
}

/** The place that one waits at, and of how many; nothing for whoever does not wait. */
export function place(view: View, me: Me | undefined): { place?: number; of?: number } {
  const entry = mine(view, me)
    .map((one) => lead(view, one))
    .find((one) => one.state === 'waiting')
  return entry?.place ? { place: entry.place, of: waiting(view, entry.part).length } : {}
}
