// The view, the frames and the commands as the gateway speaks them (pkg/api, pkg/command).
// Times are session time in ms since 1970, lengths are ms, ids are UUIDs.

import type { MeasuresView, PlanView } from './plan'

export type Id = string
export type Phase = 'planned' | 'running' | 'suspended' | 'adjourned'
export type EntryKind = 'statement' | 'question' | 'right_of_reply' | 'point_of_order'
export type EntryState =
  | 'waiting'
  | 'on_floor'
  | 'spoken'
  | 'standby'
  | 'merged'
  | 'withdrawn'
  | 'raised'
  | 'admitted'
  | 'refused'
  | 'not_reached'
  | 'set_aside'
export type PromptKind = 'please_conclude' | 'you_are_muted' | 'slow_down'
export type Audience = 'chair' | 'booth' | 'participant' | 'public'

export interface Modalities {
  /** Kinds of entry by category; a category that is not named has the rights of "*". */
  rights?: Record<string, EntryKind[]> | null
  order?: string
  /** The sequence of the rule "categories". */
  order_categories?: string[]
  joint_statements?: boolean
  open_applications?: boolean
  limit: 'gavel' | 'soft' | 'hard'
  allotment: 'uniform' | 'individual' | 'fixed'
  minimum_ms: number
  maximum_ms: number
  grace_ms: number
  max_handover_ms: number
  opening_ms: number
  closing_ms: number
  publication: string
  public_live: boolean
  evidence: 'keyed' | 'none'
}

export interface SessionView {
  id: Id
  title: string
  phase: Phase
  planned_start: number
  hard_end: number
  zone: string
  languages: string[] | null
  started_at?: number
  suspended_since?: number
  adjourned_at?: number
  part?: Id
  code: string
  modalities: Modalities
  minimum_ms: number
  sealed?: boolean
  public_key: string
  fingerprint: string
  not_reached?: Id[]
  close_now_at?: number
  hard_end_at?: number
}

export interface PartView {
  id: Id
  kind: string
  title: string
  minutes: number
  has_list: boolean
  limit_ms?: number
  list: 'draft' | 'open' | 'closing' | 'closed'
  closes_at?: number
  started_at?: number
  ended_at?: number
  deadline?: number
  guarantee_ms?: number
  announced_ms?: number
  /** The one number in force where one holds for all ordinary entries. */
  uniform_ms?: number
  plan?: PlanView
  order?: OrderView
}

export interface Range {
  low: number
  middle: number
  high: number
}

export interface EntryView {
  id: Id
  part: Id
  applicant: Id
  organisation: string
  group?: string
  region?: string
  kind: EntryKind
  state: EntryState
  language?: string
  late?: boolean
  delegate?: Id
  requested_ms?: number
  deferrals?: number
  checked_in?: boolean
  absent?: boolean
  presence?: 'room' | 'conference' | 'check_in' | 'seen'
  excused?: boolean
  members?: Id[] | null
  merged_into?: Id
  turn?: Id
  ruling?: string
  place?: number
  allotment_ms?: number
  guarantee_ms?: number
  told_ms?: number
  cut?: boolean
  aside?: { how: 'second_session' | 'apportion'; credit_ms: number }
  reached: boolean
  start?: Range
  /** What the ordering rule looks at; lot is the drawn position in hexadecimal digits. */
  input?: { label: string; group: string; region: string; category: string; lot?: string }
}

export interface Prompt {
  id: Id
  kind: PromptKind
  until: number
}

export interface FloorView {
  turn?: Id
  point?: Id
  point_since?: number
  free_since?: number
  expected_end?: number
  next?: Id
  undo?: Id
  undo_verb?: string
  undo_until?: number
  prompt?: Prompt
}

export interface TurnView {
  id: Id
  entry: Id
  part: Id
  given_at: number
  begun_at?: number
  basis?: string
  ended_at?: number
  how?: string
  allotted_ms?: number
  added_ms?: number
  guarantee_ms?: number
  paused_ms?: number
  paused_since?: number
  pause_cause?: string
  used_ms?: number
  void?: boolean
  corrected?: number
  entered?: boolean
  warning?: boolean
  expired?: boolean
  grace_over?: boolean
  silent?: boolean
  /** The clock stood once for a lost line: it does not again. */
  lost_line?: boolean
}

export interface OrderView {
  rule: string
  words: string
  categories?: string[]
  lot?: boolean
  credit?: boolean
  commitment?: string
  source?: string
  labels?: string
  fixed_at?: number
  code?: string
  randomness?: string
  drawn_at?: number
  fixed: boolean
  kept?: number
}

export interface ApplicantView {
  id: Id
  organisation: string
  category?: string
  group?: string
  region?: string
  language?: string
  state: ApplicantState
  /** The chair's side sees these. */
  reason?: DeclineCode
  requested_ms?: number
  first_time?: boolean
  remote?: boolean
  objections?: number
  appealed?: boolean
}

export type ApplicantState = 'applied' | 'accepted' | 'declined' | 'withdrawn'
export type DeclineCode =
  'duplicate' | 'not_accredited' | 'objection' | 'out_of_scope' | 'too_late' | 'withdrawn_by_organisation' | 'other'

/** How many applied and what became of them: public, as numbers. */
export interface RegisterView {
  applied: number
  accepted: number
  withdrawn: number
  declined: Partial<Record<DeclineCode, number>>
  objections: number
  appeals: number
}

/** Where one application stands, for its applicant and the chair's side: a request of its own. */
export interface Standing {
  applicant: Id
  organisation: string
  state: ApplicantState
  applied_at: number
  basis?: string
  reason?: DeclineCode
  full_reason?: string
  /** Who objected, and in which words, only the chair's side sees. */
  objections: { at: number; by?: Id; organisation?: string; words?: string }[]
  appealed_at?: number
  appeal_open?: boolean
  appeal?: string
}

export interface PersonView {
  id: Id
  applicant?: Id
  name?: string
  form_of_address?: string
  pronunciation?: string
  display_name?: string
  erased?: boolean
}

export interface Act {
  command: Id
  verb: string
  at: number
  seq: number
  turn?: Id
  entry?: Id
}

export interface TextView {
  id: Id
  applicant: Id
  language: string
  words: number
  visibility?: Visibility
}

export type Visibility = 'owner' | 'interpreters_and_captioners' | 'public_at_delivery' | 'public_now'

/** One track of captions. */
export interface TrackView {
  track: string
  source?: { id: Id; kind: SourceView['kind']; label?: string; language: string }
  epoch: number
  state: 'idle' | 'live' | 'held' | 'interrupted'
  /** The language of the turn, while it differs from the source's. */
  held_because?: string
  /** Since when words are missing while the floor is held. */
  missing_since?: number
}

/** Something that writes a track, or waits to. */
export interface SourceView {
  id: Id
  track: string
  kind: 'typed' | 'push' | 'engine' | 'script'
  label?: string
  language: string
  hears?: 'floor' | 'interpretation'
  latency_ms?: number
  turn?: Id
  by: string
  active: boolean
  /** Numbers of a push source that never came. */
  missing?: number
}

export interface Term {
  wrong?: string
  right: string
  note?: string
}

/** Where a track's captions are passed on to. */
export interface RelayView {
  id: Id
  track: string
  target: 'zoom' | 'youtube'
  host: string
  failing?: boolean
  status?: number
}

/** A wish to have a sentence corrected; its words are a request of their own. */
export interface CorrectionView {
  id: Id
  segment: Id
  rev: number
  applicant: Id
  at: number
  answered_at?: number
  accepted?: boolean
}

export type Trouble = 'slow_down' | 'no_sound' | 'interpretation_lost'

/** What interpreters and technician say, and whose microphone the floor calls for. */
export interface BoothView {
  troubles?: Partial<Record<Trouble, { since: number; language?: string; by: string; turn?: Id; until?: number }>>
  interpretation_end?: number
  end_soon?: boolean
  end_over?: boolean
  asked?: number
  declined?: number
  microphone: {
    seq: number
    entry?: Id
    since?: number
    confirmed_at?: number
    tally?: 'delivered' | 'failing'
    status?: number
  }
}

/** A private note between the chair and the secretariat; its words are a request of their own. */
export interface NoteView {
  id: Id
  at: number
  by: string
}

export interface View {
  session: SessionView
  parts: Record<Id, PartView>
  agenda: Id[] | null
  entries: Record<Id, EntryView>
  lists: Record<Id, Id[] | null>
  standby: Id[] | null
  raised?: Id[] | null
  floor: FloorView
  turns: Record<Id, TurnView>
  turn_order: Id[] | null
  plan: PlanView
  measures?: MeasuresView
  applicants: Record<Id, ApplicantView>
  register?: RegisterView
  persons?: Record<Id, PersonView> | null
  swaps?: Record<Id, { id: Id; entry: Id; with: Id }> | null
  acts?: Act[] | null
  texts?: Record<Id, TextView> | null
  tracks?: Record<string, TrackView> | null
  sources?: Record<Id, SourceView> | null
  /** Which glossary is in force; its terms are a request of their own. */
  glossary?: { terms: number; digest: string }
  corrections?: Record<Id, CorrectionView> | null
  relays?: Record<Id, RelayView> | null
  booth?: BoothView
  notes?: NoteView[] | null
}

export interface Notice {
  kind: 'called' | 'warning' | 'expired' | 'next' | 'third' | 'fifth' | 'standby' | 'not_reached' | 'swap_asked'
  entry?: Id
  turn?: Id
}

export interface Me {
  subject: string
  roles: string[]
  audience: Audience
  applicant?: Id
  person?: Id
  entries?: Id[]
  notice?: Notice
  prompt?: Prompt
  swaps?: Record<Id, { id: Id; entry: Id; with: Id }>
  /** The statements of one's own applicant. */
  texts?: Record<Id, TextView>
  /** The code with which one's own application was declined. */
  reason?: string
}

export interface Presence {
  known: boolean
  connected: Id[] | null
  observers: number
}

/** What stands in a sentence of the server: a number, a name, words of its own, or another sentence. */
export type Said = number | string | { words: string[] } | Sentence

export interface Sentence {
  key: string
  args?: Said[]
}

/** Problem details (RFC 9457): what was wrong, which field, what to do. */
export interface Problem {
  code: string
  title: string
  status: number
  detail?: string
  field?: string
  do?: string
  /** `detail` and `do`, as i18n/refusals says them in the reader's language. */
  why?: Sentence
  how?: Sentence
  since?: Act[]
  retry_after_ms?: number
}

export interface Receipt {
  command_id: Id
  outcome: 'accepted' | 'duplicate' | 'refused'
  seq?: number
  place?: number
  made?: Record<string, string>
  at?: number
  problem?: Problem
  [field: string]: unknown
}

export interface Expect {
  turn?: Id
  entry?: Id
  act?: Id
  entries?: Record<Id, string>
  plan?: string
}
