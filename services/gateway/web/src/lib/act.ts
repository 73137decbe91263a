// What the chair's one large control does: always the next sensible act. A pure
// function of the view and the session time, and a table in act.test.ts.
import { left } from './clock'
import { currentPart, holder, listPart, nextEntry, nextPart, runningTurn } from './floor'
import type { Expect, Id, View } from './view'

export type Act =
  | { kind: 'start' }
  | { kind: 'resume_session' }
  | { kind: 'start_part'; part: Id }
  | { kind: 'give'; entry: Id }
  | { kind: 'begin'; turn: Id; entry: Id }
  | { kind: 'step_back'; turn: Id; entry: Id }
  | { kind: 'end'; turn: Id; entry: Id }
  | { kind: 'thank'; turn: Id; entry: Id; next: Id }
  | { kind: 'thank_end'; turn: Id; entry: Id }
  | { kind: 'rule'; point: Id; entry?: Id }
  | { kind: 'adjourn' }
  | { kind: 'wait' }
  | { kind: 'nothing' }

/** The next sensible act at the session time `now` (undefined before the clock is known). */
export function primary(view: View, now: number | undefined): Act {
  switch (view.session.phase) {
    case 'planned':
      return { kind: 'start' }
    case 'suspended':
      return { kind: 'resume_session' }
    case 'adjourned':
      return { kind: 'nothing' }
  }
  const turn = runningTurn(view)
  if (view.floor.point) return { kind: 'rule', point: view.floor.point, entry: turn?.entry }
  if (turn) {
    const on = { turn: turn.id, entry: turn.entry }
    if (!turn.begun_at) return silent(view, now) ? { kind: 'step_back', ...on } : { kind: 'begin', ...on }
    if (!overdue(view, now)) return { kind: 'end', ...on }
    return view.floor.next ? { kind: 'thank', ...on, next: view.floor.next } : { kind: 'thank_end', ...on }
  }
  const part = currentPart(view)
  const after = nextPart(view)
  if (part?.has_list && view.floor.next) return { kind: 'give', entry: view.floor.next }
  // An open list that nobody has joined yet: the next act is theirs, not the chair's.
  const begun = Object.values(view.turns).some((t) => t.part === part?.id && !t.void)
  if (part?.has_list && part.list !== 'closed' && !begun) return { kind: 'wait' }
  if (after) return { kind: 'start_part', part: after.id }
  return { kind: 'adjourn' }
}

/** Whether the one who was called has been silent for too long, so that stepping back is proposed. */
export function silent(view: View, now: number | undefined): boolean {
  const turn = runningTurn(view)
  // Where nothing can tell when somebody begins, silence proves nothing (decisions.md 13).
  if (!turn || turn.begun_at || view.session.modalities.evidence === 'none' || view.floor.point) return false
  if (turn.paused_since) return false
  return turn.silent === true || (now !== undefined && now - turn.given_at > view.session.modalities.max_handover_ms)
}

/** Whether the running turn is past its limit and grace, and the modalities want the chair prompted. */
export function overdue(view: View, now: number | undefined): boolean {
  const turn = runningTurn(view)
  if (!turn?.begun_at || view.session.modalities.limit === 'soft') return false
  const ms = left(turn, now)
  return ms !== undefined && ms <= -view.session.modalities.grace_ms
}

/** The command that an act sends; adjourning and waiting send none by themselves. */
export function commandOf(act: Act): { verb: string; args?: Record<string, unknown> } | undefined {
  switch (act.kind) {
    case 'start':
      return { verb: 'start_session' }
    case 'resume_session':
      return { verb: 'resume_session' }
    case 'start_part':
      return { verb: 'start_part', args: { part: act.part } }
    case 'give':
    case 'thank':
      return { verb: 'next' }
    case 'begin':
      return { verb: 'begin', args: { turn: act.turn } }
    case 'step_back':
      return { verb: 'step_back', args: { turn: act.turn } }
    case 'end':
    case 'thank_end':
      return { verb: 'end', args: { turn: act.turn } }
    case 'rule':
      return { verb: 'rule', args: { entry: act.point, ruling: 'noted' } }
    default:
      return undefined
  }
}

/** What distinguishes two acts: a control whose meaning changed under the finger is not pressed. */
export const identity = (act: Act): string => JSON.stringify(act)

/** How long after such a change a press is taken as meant for the old meaning, ms. */
export const guardMS = 600

const onTurn = new Set([
  'begin',
  'yield',
  'end',
  'withdraw_floor',
  'step_back',
  'no_show',
  'reassign',
  'prompt',
  'extend_turn',
  'pause_turn',
  'resume_turn',
])
const onPlan = new Set([
  'adjourn',
  'set_minimum',
  'break_guarantee',
  'use_reserves',
  'keep_reserves',
  'set_aside',
  'call_back',
  'extend_session',
])

/** What a command expects of the state it was pressed in, as the table of verbs demands (decisions.md 4). */
export function expectOf(view: View, verb: string, args: Record<string, unknown> = {}): Expect | undefined {
  const turn = view.floor.turn ?? ''
  if (verb === 'next') return { turn, entry: view.floor.next ?? '' }
  if (verb === 'give') return { turn, entry: String(args.entry) }
  if (verb === 'undo') return { act: view.floor.undo ?? '' }
  if (onTurn.has(verb)) return { turn }
  if (onPlan.has(verb)) return { plan: view.plan.digest ?? '' }
  const named = {
    move: [args.entry, args.before ?? args.after],
    swap: [args.entry, args.with],
    split: [args.entry],
    merge: [args.lead, ...((args.members as Id[] | undefined) ?? [])],
  }[verb]
  if (!named) return undefined
  return { entries: Object.fromEntries(named.map((id) => [String(id), view.entries[String(id)]?.state ?? ''])) }
}

/** Who is thanked and who is called by an act, for the sentence to say. */
export function spoken(view: View, act: Act): { thank?: Id; next?: Id; after?: Id } {
  const list = view.lists[listPart(view)?.id ?? ''] ?? []
  switch (act.kind) {
    case 'give':
      return { thank: thanked(view), next: act.entry, after: list[1] }
    case 'begin':
    case 'step_back':
      return { next: act.entry, after: list[0] }
    case 'end':
    case 'thank':
      return { thank: holder(view)?.id, next: nextEntry(view)?.id, after: list[1] }
    case 'thank_end':
      return { thank: holder(view)?.id }
    default:
      return {}
  }
}

/** The last speaker, who is thanked together with the next call. */
function thanked(view: View): Id | undefined {
  const last = (view.turn_order ?? []).map((id) => view.turns[id]).findLast((turn) => turn && !turn.void)
  return last?.begun_at && last.ended_at ? last.entry : undefined
}
