// What the view says of the floor, read in one place for all pages.
import type { EntryView, Id, PartView, TurnView, View } from './view'

const present = <T>(all: (T | undefined)[]): T[] => all.filter((one): one is T => one !== undefined)

/** The turn that has the floor. */
export const runningTurn = (view: View): TurnView | undefined =>
  view.floor.turn ? view.turns[view.floor.turn] : undefined

/** The entry that has the floor. */
export const holder = (view: View): EntryView | undefined => view.entries[runningTurn(view)?.entry ?? '']

/** The entry on the button. */
export const nextEntry = (view: View): EntryView | undefined => view.entries[view.floor.next ?? '']

/** The part that runs; before the start the first with a list, so that a list can be prepared. */
export function currentPart(view: View): PartView | undefined {
  const running = view.session.part ? view.parts[view.session.part] : undefined
  return running ?? agenda(view).find((part) => part.has_list && !part.ended_at)
}

/** The part whose list is shown: the running one's, or the next that has one. */
export function listPart(view: View): PartView | undefined {
  const parts = agenda(view)
  const at = parts.findIndex((part) => part.id === view.session.part)
  return parts.slice(Math.max(at, 0)).find((part) => part.has_list) ?? parts.findLast((part) => part.has_list)
}

/** The parts in the order of the agenda. */
export const agenda = (view: View): PartView[] => present((view.agenda ?? []).map((id) => view.parts[id]))

/** The part after the running one. */
export function nextPart(view: View): PartView | undefined {
  const parts = agenda(view)
  return parts[parts.findIndex((part) => part.id === view.session.part) + 1]
}

/** The waiting entries of a part, next first. */
export const waiting = (view: View, part: Id | undefined): EntryView[] =>
  present(((part && view.lists[part]) || []).map((id) => view.entries[id]))

/** Who is on standby in a part. */
export const standby = (view: View, part: Id | undefined): EntryView[] =>
  present((view.standby ?? []).map((id) => view.entries[id])).filter((entry) => entry.part === part)

/** Points of order that wait for the chair. */
export const raised = (view: View): EntryView[] => present((view.raised ?? []).map((id) => view.entries[id]))

/** Turns in the order of giving; those that were undone only when asked for. */
export const turns = (view: View, undone = false): TurnView[] =>
  present((view.turn_order ?? []).map((id) => view.turns[id])).filter((turn) => undone || !turn.void)
