// The applicants as a page lists them. Pure.
import { locale } from '../i18n'
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

/** What may be done for an entry on its delegate's behalf. */
export function actsFor(entry: EntryView): ('check_in' | 'defer' | 'report_absent' | 'return' | 'withdraw')[] {
  if (entry.state === 'standby') return ['return', 'withdraw']
  if (entry.state !== 'waiting') return []
  return [
    ...(entry.checked_in ? [] : (['check_in'] as const)),
    'defer',
    ...(entry.absent ? [] : (['report_absent'] as const)),
    'withdraw',
  ]
}
