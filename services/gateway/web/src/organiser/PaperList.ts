// The list of speakers as it is printed. Pure.
import type { EntryView, Id, PartView, View } from '../lib/view'

export interface Line {
  entry: EntryView
  /** Counts the statements of the list from 1, whatever became of them. */
  number: number
  /** Promised and expected, ms; nothing before anything can be said. */
  guaranteed?: number
  expected?: number
  spoken: boolean
}

/**
 * Who is on a part's list, in the order in which they spoke, speak and will speak: turns that stand first, then those
 * who wait. Points of order are no part of a list.
 */
export function lines(view: View, part: Id): Line[] {
  const past = (view.turn_order ?? [])
    .map((id) => view.turns[id])
    .filter((turn) => turn && !turn.void && turn.part === part)
    .map((turn) => view.entries[turn!.entry])
  const waiting = (view.lists[part] ?? []).map((id) => view.entries[id])
  const seen = new Set<Id>()
  const all = [...past, ...waiting].filter((entry): entry is EntryView => {
    if (!entry || entry.kind === 'point_of_order' || seen.has(entry.id)) return false
    seen.add(entry.id)
    return true
  })
  return all.map((entry, i) => ({
    entry,
    number: i + 1,
    guaranteed: entry.guarantee_ms || undefined,
    expected: entry.allotment_ms || undefined,
    spoken: entry.state === 'spoken' || entry.state === 'on_floor',
  }))
}

/** The parts that have a list, in the order of the agenda. */
export const listed = (view: View): PartView[] =>
  (view.agenda ?? []).map((id) => view.parts[id]).filter((part): part is PartView => part?.has_list === true)
