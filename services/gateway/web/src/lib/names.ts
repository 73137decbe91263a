// How somebody is named: on a button, on a list, and in the sentence that the chair says.
import { language, name, t } from '../i18n'
import type { EntryView, Id, PersonView, View } from './view'

/** The organisation of an entry, isolated for mixed scripts. */
export const organisation = (entry: EntryView | undefined): string => name(entry?.organisation ?? '')

/** The person who will speak, where this audience may know: the delegate, or the only one of the organisation. */
export function delegate(view: View, entry: EntryView | undefined): PersonView | undefined {
  if (!entry || !view.persons) return undefined
  if (entry.delegate) return view.persons[entry.delegate]
  const known = Object.values(view.persons).filter((p) => p.applicant === entry.applicant && p.name && !p.erased)
  return known.length === 1 ? known[0] : undefined
}

/** "Ms Doe (pronounced so)", or nothing when no name is known. */
export function person(of: PersonView | undefined, pronounced = false): string {
  if (!of?.name || of.erased) return ''
  const full = name([of.form_of_address, of.name].filter(Boolean).join(' '))
  return pronounced && of.pronunciation
    ? t('say.pronounced', { name: full, pronunciation: name(of.pronunciation) })
    : full
}

/** "Ms Doe of Company 01", or the organisation alone. */
export function full(view: View, entry: EntryView | undefined, pronounced = false): string {
  const who = person(delegate(view, entry), pronounced)
  const where = organisation(entry)
  return who && where ? t('say.person_of', { person: who, organisation: where }) : who || where
}

/** The members of a joint statement beside its lead. */
export const members = (view: View, entry: EntryView | undefined): EntryView[] =>
  (entry?.members ?? []).map((id: Id) => view.entries[id]).filter((e): e is EntryView => e !== undefined)

/** What the server said, as a whole sentence. */
export const whole = (text: string, of: string = language()): string =>
  text.charAt(0).toLocaleUpperCase() + text.slice(1) + (/[.!?…。？؟]$/.test(text) ? '' : of === 'zh' ? '。' : '.')
