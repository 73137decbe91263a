// A session as its organiser writes it down: fields of a form, and what the API takes of them.
import type { EntryKind, Id, PartView, SessionView } from '../lib/view'

export const partKinds = ['opening', 'item', 'panel', 'questions', 'break', 'closing'] as const
export type PartKind = (typeof partKinds)[number]

/** Every rule of a session, as pkg/events.Modalities writes it. */
export interface Rules {
  rights: Record<string, EntryKind[]>
  order: string
  order_categories?: string[]
  allotment: string
  limit: string
  limits?: Record<string, string>
  strict?: boolean
  group_budgets_ms?: Record<string, number>
  minimum_ms: number
  maximum_ms: number
  grace_ms: number
  max_handover_ms: number
  opening_ms: number
  closing_ms: number
  reserve_ms: number
  reserve_kept_ms: number
  evidence: string
  open_applications: boolean
  public_live: boolean
  publication: string
  joint_statements: boolean
  reply_ms?: number
  replies?: number
  automatic?: boolean
}

export interface DraftPart {
  /** The part of a session that is there; none is a new one. */
  part?: Id
  kind: PartKind
  title: string
  minutes: number
  limit_ms?: number
  has_list: boolean
}

export interface Draft {
  title: string
  /** The planned start as the fields for dates and times have it, in the zone. */
  date: string
  time: string
  minutes: number
  zone: string
  languages: string[]
  rules: Rules
  parts: DraftPart[]
}

export interface Preset {
  id: string
  minutes: number
  modalities: Rules
  agenda: { kind: PartKind; minutes: number; limit_ms?: number; has_list: boolean }[]
}

/** How far a zone is ahead of UTC at an instant, ms. */
function ahead(zone: string, at: number): number {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at)
  const of = (type: string): number => Number(parts.find((part) => part.type === type)?.value)
  const there = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'))
  return there - Math.floor(at / 1000) * 1000
}

/**
 * The instant at which a zone's clocks show a date and a time; undefined while a field is empty. A time that is
 * skipped in spring is taken as the one an hour later, one that comes twice in autumn as the first.
 */
export function instantIn(zone: string, date: string, time: string): number | undefined {
  const wall = Date.parse(`${date}T${time}Z`)
  if (Number.isNaN(wall)) return undefined
  const [before, after] = [ahead(zone, wall - 86_400_000), ahead(zone, wall + 86_400_000)]
  // Of the two offsets around a change the one before it comes first.
  const fits = [before, after].map((offset) => wall - offset).find((at) => at + ahead(zone, at) === wall)
  return fits ?? wall - before
}

/** What the fields for dates and times show of an instant, in a zone. */
export function fieldsIn(zone: string, at: number): { date: string; time: string } {
  const there = new Date(at + ahead(zone, at)).toISOString()
  return { date: there.slice(0, 10), time: there.slice(11, 16) }
}

/** Whether the browser knows a zone: the server has the same list (IANA). */
export function knownZone(zone: string): boolean {
  try {
    return zone !== '' && Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }))
  } catch {
    return false
  }
}

/** The hard end of a draft, ms since 1970. */
export function endOf(draft: Draft): number | undefined {
  const start = instantIn(knownZone(draft.zone) ? draft.zone : 'UTC', draft.date, draft.time)
  return start === undefined ? undefined : start + draft.minutes * 60_000
}

/** Puts a preset's rules and agenda into a draft; what was written stays where the preset has a place for it. */
export function take(draft: Draft, preset: Preset, titleOf: (kind: PartKind, n: number) => string): Draft {
  let items = 0
  return {
    ...draft,
    minutes: preset.minutes,
    rules: structuredClone(preset.modalities),
    parts: preset.agenda.map((part) => ({ ...part, title: titleOf(part.kind, part.kind === 'item' ? ++items : 0) })),
  }
}

/** A session that is there, as a draft. */
export function draftOf(session: SessionView, parts: readonly PartView[]): Draft {
  return {
    title: session.title,
    ...fieldsIn(session.zone, session.planned_start),
    minutes: Math.round((session.hard_end - session.planned_start) / 60_000),
    zone: session.zone,
    languages: [...(session.languages ?? [])],
    rules: structuredClone(session.modalities) as unknown as Rules,
    parts: parts.map((part) => ({
      part: part.id,
      kind: part.kind as PartKind,
      title: part.title,
      minutes: part.minutes,
      ...(part.limit_ms ? { limit_ms: part.limit_ms } : {}),
      has_list: part.has_list,
    })),
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** What change_session is asked for: only what differs; nothing when nothing does. */
export function changes(before: Draft, after: Draft): Record<string, unknown> | undefined {
  const out: Record<string, unknown> = {}
  if (after.title !== before.title) out.title = after.title
  const start = (draft: Draft): number | undefined => instantIn(draft.zone, draft.date, draft.time)
  if (start(after) !== start(before)) out.planned_start = start(after)
  if (endOf(after) !== endOf(before)) out.hard_end = endOf(after)
  if (after.zone !== before.zone) out.zone = after.zone
  if (!same(after.languages, before.languages)) out.languages = after.languages
  if (!same(after.rules, before.rules)) out.modalities = after.rules
  return Object.keys(out).length ? out : undefined
}

/** The commands that change the agenda: one for each part that differs or is new. */
export function partChanges(before: Draft, after: Draft): { verb: 'change_part' | 'add_part'; args: DraftPart }[] {
  return after.parts.flatMap((part): { verb: 'change_part' | 'add_part'; args: DraftPart }[] => {
    if (!part.part) return [{ verb: 'add_part', args: part }]
    const old = before.parts.find((one) => one.part === part.part)
    return same(old, part) ? [] : [{ verb: 'change_part', args: part }]
  })
}
