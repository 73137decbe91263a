// The applicants as a page lists them. Pure.
import { locale } from '../i18n'
import { runningTurn } from '../lib/floor'
import { may } from '../lib/place'
import type { ApplicantState, ApplicantView, EntryView, Id, PersonView, View } from '../lib/view'

/** The applicants by name, as the viewer's language sorts. */
export function alphabetical(all: Readonly<Record<Id, ApplicantView>>): ApplicantView[] {
  const order = new Intl.Collator(locale(), { numeric: true })
  return Object.values(all).sort((a, b) => order.compare(a.organisation, b.organisation) || (a.id < b.id ? -1 : 1))
}

const flat = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLocaleLowerCase()

/** Those in a state (none for all) whose name, group or region holds what is looked for. */
export const matching = (all: readonly ApplicantView[], wanted: string, state: ApplicantState | ''): ApplicantView[] =>
  all.filter(
    (one) =>
      (!state || one.state === state) &&
      flat(`${one.organisation} ${one.group ?? ''} ${one.region ?? ''}`).includes(flat(wanted.trim())),
  )

/** The persons of an organisation, those who were erased last. */
export const personsOf = (view: View, applicant: Id): PersonView[] =>
  Object.values(view.persons ?? {})
    .filter((person) => person.applicant === applicant)
    .sort((a, b) => Number(a.erased ?? false) - Number(b.erased ?? false) || (a.id < b.id ? -1 : 1))

/** The statements of an organisation that are on a list, or could be again. */
export const entriesOf = (view: View, applicant: Id): EntryView[] =>
  Object.values(view.entries).filter((entry) => entry.applicant === applicant && entry.state !== 'withdrawn')

/** The accepted organisations without a statement on a part's list, in the order of their names. */
export function unlisted(view: View, part: Id): ApplicantView[] {
  const there = new Set(
    Object.values(view.entries)
      .filter((entry) => entry.part === part && entry.kind === 'statement' && entry.state !== 'withdrawn')
      .map((entry) => entry.applicant),
  )
  return alphabetical(view.applicants).filter((one) => one.state === 'accepted' && !there.has(one.id))
}

/** What may be done for an entry on its delegate's behalf, without a further question. */
export function actsFor(entry: EntryView): ('check_in' | 'defer' | 'report_absent' | 'return' | 'withdraw')[] {
  if (entry.state === 'raised') return ['withdraw']
  if (entry.state === 'standby') return ['return', 'withdraw']
  if (entry.state !== 'waiting') return []
  return [
    ...(entry.checked_in ? [] : (['check_in'] as const)),
    'defer',
    ...(entry.absent ? [] : (['report_absent'] as const)),
    'withdraw',
  ]
}

const speaks = new Set<EntryView['state']>(['waiting', 'standby', 'raised', 'on_floor'])

/** Who of the organisation could speak for an entry in its delegate's stead: nobody once it is over. */
export const colleaguesFor = (view: View, entry: EntryView): PersonView[] =>
  speaks.has(entry.state)
    ? personsOf(view, entry.applicant).filter((one) => one.name && !one.erased && one.id !== entry.delegate)
    : []

export type Way = 'point_of_order' | 'question' | 'right_of_reply'

/** Ways to the floor beside a statement that are open to an organisation now, and not taken yet. */
export function waysFor(view: View, applicant: Id): Way[] {
  if (view.session.phase !== 'running' || view.applicants[applicant]?.state !== 'accepted') return []
  const own = entriesOf(view, applicant)
  const running = runningTurn(view)
  const holds = running !== undefined && view.entries[running.entry]?.applicant === applicant
  const open: Record<Way, boolean> = {
    point_of_order: !holds,
    question: running !== undefined && !holds,
    right_of_reply: view.parts[view.session.part ?? '']?.has_list ?? false,
  }
  const active = new Set<EntryView['state']>(['waiting', 'on_floor', 'standby', 'raised', 'admitted'])
  return (Object.keys(open) as Way[]).filter(
    (kind) =>
      open[kind] &&
      may(view, { applicant }, kind) &&
      !own.some((entry) => entry.kind === kind && active.has(entry.state)),
  )
}
