// The plan as the gateway says it (pkg/api/plan.go), and what a choice of the ladder would change for whom.
import type { EntryView, Id, View } from './view'

export type RungKind = 'lower_minimum' | 'use_reserves' | 'extend' | 'second_session' | 'apportion'

/** What a rung does to some entries: only those for whom it makes a difference. */
export interface Effect {
  entries: Id[]
  allotment_ms: number
  reached: boolean
  aside?: boolean
}

/** One choice of the ladder: one command, `verb` with exactly `args`, expecting the plan's digest. */
export interface Rung {
  kind: RungKind
  fits: boolean
  heard: number
  aside: number
  minimum_ms: number
  slot_ms: number
  extend_ms?: number
  places?: number
  credit_ms?: number
  end?: number
  verb: string
  args: Record<string, unknown>
  needs_reason?: boolean
  effects: Effect[] | null
}

export interface PlanView {
  part?: Id
  fits: boolean
  guaranteed?: boolean
  at_risk?: boolean
  waiting: number
  standby?: number
  not_reached: number
  level_ms: number
  guarantee_ms: number
  slot_ms?: number
  slot_with_one_more_ms?: number
  missing_ms?: number
  admits?: boolean
  raise_to_ms?: number
  reserves_used?: boolean
  ladder?: Rung[] | null
  end?: number
  budget: {
    elapsed_ms: number
    running_ms: number
    reserved_ms: number
    promised_ms: number
    free_ms: number
    short_ms?: number
  }
  session?: { fits: boolean; waiting: number; standby: number; not_reached: number; missing_ms?: number }
  digest?: string
}

/** How evenly the time has been shared so far; Jain's index and Gini's of those heard. */
export interface MeasuresView {
  applied: number
  heard: number
  jain_seconds: number
  jain_entitlement: number
  jain_offered: number
  gini: number
  shortest_ms: number
  longest_ms: number
  group_prefix_error: number
  promises_broken: number
  eta_mae_ms?: number
  eta_coverage_ppm?: number
  eta_count?: number
  speaking_ms?: number
  handover_ms?: number
  paused_ms?: number
  points_ms?: number
  chair_ms?: number
  reserve_spent_ms?: number
}

/** Something that changes for some of those who wait, in the order of the ladder's text. */
export interface Change {
  kind: 'aside' | 'reached' | 'unreached' | 'more' | 'less'
  entries: EntryView[]
  /** What they get, and what they would get now where it is the same for all of them, ms. */
  to: number
  from?: number
}

/** What a rung changes, compared with what the view shows now. */
export function changes(view: View, rung: Rung): Change[] {
  const out = new Map<string, Change>()
  for (const effect of rung.effects ?? []) {
    for (const id of effect.entries) {
      const entry = view.entries[id]
      if (!entry) continue
      const now = entry.allotment_ms ?? 0
      const kind = effect.aside
        ? 'aside'
        : effect.reached !== entry.reached
          ? effect.reached
            ? 'reached'
            : 'unreached'
          : effect.allotment_ms < now
            ? 'less'
            : 'more'
      const key = `${kind} ${effect.allotment_ms} ${kind === 'less' || kind === 'more' ? now : ''}`
      const change = out.get(key) ?? { kind, entries: [], to: effect.allotment_ms, from: now }
      change.entries.push(entry)
      out.set(key, change)
    }
  }
  const order: Change['kind'][] = ['unreached', 'aside', 'less', 'more', 'reached']
  return [...out.values()].toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
}

/** What one more on the list takes from everybody who waits, ms; nothing where that is not known. */
export function costOfOneMore(plan: PlanView): number | undefined {
  if (plan.slot_ms === undefined || plan.slot_with_one_more_ms === undefined) return undefined
  return Math.max(0, plan.slot_ms - plan.slot_with_one_more_ms)
}

/** How far the last speaker would end behind the time that there is, ms. */
export function behind(view: View): number {
  const deadline = view.parts[view.session.part ?? '']?.deadline ?? view.session.hard_end
  return view.plan.end === undefined || !view.plan.waiting ? 0 : Math.max(0, view.plan.end - deadline)
}

export interface Group {
  name: string
  /** Statements of the group on the list of the session: all, heard, and still waiting. */
  all: number
  heard: number
  waiting: number
  /** How many of those heard would be the group's own share by its number, in tenths. */
  due: number
}

/** How the groups stand: what was heard of each, beside what its number would make due. */
export function groups(view: View): Group[] {
  const counted = Object.values(view.entries).filter(
    (entry) => entry.kind === 'statement' && !['withdrawn', 'refused'].includes(entry.state),
  )
  const heardOf = (entry: EntryView): boolean => entry.state === 'spoken' || entry.state === 'on_floor'
  const speaking = (entry: EntryView): EntryView =>
    (entry.merged_into ? view.entries[entry.merged_into] : undefined) ?? entry
  const heard = counted.filter((entry) => heardOf(speaking(entry))).length
  const names = [...new Set(counted.map((entry) => entry.group ?? 'unspecified'))].toSorted()
  return names.map((name) => {
    const own = counted.filter((entry) => (entry.group ?? 'unspecified') === name)
    return {
      name,
      all: own.length,
      heard: own.filter((entry) => heardOf(speaking(entry))).length,
      waiting: own.filter((entry) => speaking(entry).state === 'waiting').length,
      due: counted.length ? Math.round((10 * heard * own.length) / counted.length) / 10 : 0,
    }
  })
}
