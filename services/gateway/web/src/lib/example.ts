// Views for the unit tests: three speakers on one list, two minutes into a session.
import type { EntryView, Me, TurnView, View } from './view'

/** When the example's session started, and what its clock says. */
export const start = 1_700_000_000_000
export const now = start + 120_000

type Change = Omit<Partial<View>, 'session' | 'floor' | 'plan'> & {
  session?: Partial<View['session']>
  floor?: View['floor']
  plan?: Partial<View['plan']>
}

export function entry(id: string, place: number, more: Partial<EntryView> = {}): EntryView {
  return {
    id,
    part: 'item',
    applicant: `applicant-${id}`,
    organisation: id.toUpperCase(),
    kind: 'statement',
    state: 'waiting',
    reached: true,
    place,
    ...more,
  }
}

export const turn = (more: Partial<TurnView> = {}): TurnView => ({
  id: 't1',
  entry: 'a',
  part: 'item',
  given_at: now - 5000,
  ...more,
})

/** A session that runs, with b and c waiting and nobody on the floor, changed as the test needs. */
export function example(change: Change = {}): View {
  const { session, floor, plan, ...rest } = change
  return {
    session: {
      id: 's',
      title: 'Session',
      phase: 'running',
      planned_start: start,
      hard_end: start + 5_400_000,
      zone: 'UTC',
      languages: ['en'],
      started_at: start,
      part: 'item',
      code: 'ABCDEF',
      minimum_ms: 60_000,
      public_key: '',
      fingerprint: '',
      modalities: {
        limit: 'gavel',
        allotment: 'uniform',
        minimum_ms: 60_000,
        maximum_ms: 300_000,
        grace_ms: 5000,
        max_handover_ms: 20_000,
        opening_ms: 195_000,
        closing_ms: 60_000,
        publication: 'public',
        public_live: true,
        evidence: 'keyed',
        rights: { '*': ['statement'] },
      },
      ...session,
    },
    parts: {
      opening: {
        id: 'opening',
        kind: 'opening',
        title: 'Opening',
        minutes: 5,
        has_list: false,
        list: 'draft',
        ended_at: start,
      },
      item: { id: 'item', kind: 'item', title: 'Item 1', minutes: 60, has_list: true, list: 'closed' },
      questions: { id: 'questions', kind: 'questions', title: 'Questions', minutes: 25, has_list: true, list: 'draft' },
    },
    agenda: ['opening', 'item', 'questions'],
    entries: { a: entry('a', 0, { state: 'on_floor' }), b: entry('b', 1), c: entry('c', 2) },
    lists: { item: ['b', 'c'], questions: [] },
    standby: [],
    raised: [],
    floor: { next: 'b', ...floor },
    turns: {},
    turn_order: [],
    plan: {
      fits: true,
      waiting: 2,
      not_reached: 0,
      level_ms: 90_000,
      guarantee_ms: 60_000,
      budget: { elapsed_ms: 0, running_ms: 0, reserved_ms: 0, promised_ms: 0, free_ms: 0 },
      digest: 'plan-1',
      ...plan,
    },
    applicants: {},
    ...rest,
  }
}

/** The same with A on the floor. */
export const speaking = (of: Partial<TurnView> = {}, change: Change = {}): View =>
  example({
    turns: { t1: turn({ begun_at: now - 4000, allotted_ms: 60_000, ...of }) },
    turn_order: ['t1'],
    ...change,
    floor: { turn: 't1', next: 'b', ...change.floor },
  })

export const me = (more: Partial<Me> = {}): Me => ({
  subject: 'person/1',
  roles: ['speaker'],
  audience: 'participant',
  applicant: 'applicant-a',
  entries: ['a'],
  ...more,
})
