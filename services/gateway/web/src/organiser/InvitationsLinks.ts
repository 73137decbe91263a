// The signed links of a session: who has one, how to hand it over, and the file for a mail merge. Pure but for types.
import type { ApplicantView, Id } from '../lib/view'
import { csv } from './ApplicantsSave'

/** An invitation as the server lists it. Links of those who run the session are shown once only, when they are made. */
export interface Issued {
  invitation: Id
  roles: string[]
  person?: Id
  applicant?: Id
  expires: number
  revoked?: boolean
  url?: string
  /** Six characters that open the same link. */
  code?: string
}

/** A person as the secretariat knows them. */
export interface Contact {
  person: Id
  applicant?: Id
  name: string
  form_of_address?: string
  pronunciation?: string
  display_name?: string
  email?: string
  phone?: string
  access_needs?: string
  access_seconds?: number
  /** The entries for which they will speak. */
  entries?: Id[]
}

export const roles = [
  'observer',
  'interpreter',
  'captioner',
  'technician',
  'secretariat',
  'vice_chair',
  'chair',
  'organiser',
] as const

export type LinkRole = (typeof roles)[number]

/** The roles that somebody may give (services/registry, grants): nobody makes somebody who could do more. */
export function mayGive(mine: readonly string[]): LinkRole[] {
  if (mine.includes('organiser')) return [...roles]
  const without = mine.some((role) => role === 'chair' || role === 'secretariat')
    ? ['organiser']
    : ['organiser', 'chair']
  return roles.filter((role) => !without.includes(role))
}

export const good = (one: Issued, now: number): boolean => !one.revoked && one.expires > now

/** An accepted organisation with its delegate and the latest link that is good, if there is one. */
export interface Guest {
  applicant: ApplicantView
  contact?: Contact
  link?: Issued
}

/** Every accepted organisation as it is invited, by name; one person of each, the first that was named. */
export function guests(
  applicants: readonly ApplicantView[],
  contacts: readonly Contact[],
  issued: readonly Issued[],
  now: number,
): Guest[] {
  const people = new Map<Id, Contact>()
  for (const one of contacts) if (one.applicant && !people.has(one.applicant)) people.set(one.applicant, one)
  const links = new Map<Id, Issued>()
  for (const one of issued)
    if (one.applicant && one.url && one.roles.includes('speaker') && good(one, now)) links.set(one.applicant, one)
  return applicants
    .filter((one) => one.state === 'accepted')
    .map((applicant) => ({ applicant, contact: people.get(applicant.id), link: links.get(applicant.id) }))
}

/** The file for a mail merge: a row for each guest that has a link. */
export const mergeFile = (all: readonly Guest[]): string =>
  csv([
    ['organisation', 'form_of_address', 'name', 'email', 'link', 'code'],
    ...all
      .filter((guest) => guest.link?.url)
      .map(({ applicant, contact, link }) => [
        applicant.organisation,
        contact?.form_of_address ?? '',
        contact?.name ?? '',
        contact?.email ?? '',
        link!.url!,
        link!.code ?? '',
      ]),
  ])

/** An address that opens somebody's own mail program with the letter written. */
export const mailto = (to: string, subject: string, body: string): string =>
  `mailto:${encodeURIComponent(to)}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`

/** "A7K2M9" as it is read out and typed: "A7K 2M9". */
export const spaced = (code: string): string => `${code.slice(0, 3)} ${code.slice(3)}`

/** "K7QM2X9T" as it is read out and typed: "K7QM 2X9T". */
export const halved = (code: string): string => `${code.slice(0, 4)} ${code.slice(4)}`
