// The application form without a page: what is in it, what is wrong with it, and what is sent. Pure; the server judges
// everything again (pkg/roster, pkg/people), in the same way.
import type { ApplicantView, Problem } from '../lib/view'

/** The common names of groups and regions (pkg/roster) by the name of their text. */
export const groups = {
  unspecified: '',
  civil_society: 'civil society',
  private_sector: 'private sector',
  academia: 'academia',
  technical_community: 'technical community',
} as const

export const regions = {
  unspecified: '',
  african: 'African',
  asia_pacific: 'Asia-Pacific',
  eeg: 'EEG',
  grulac: 'GRULAC',
  weog: 'WEOG',
} as const

export const categories = {
  unspecified: '',
  state: 'state',
  intergovernmental: 'intergovernmental',
  stakeholder: 'stakeholder',
} as const

/** The name of the text for a value of one of the tables, or nothing for a value of somebody's own. */
export function keyOf<K extends string>(table: Record<K, string>, value: string | undefined): K | undefined {
  const known = value === 'unspecified' ? '' : (value ?? '')
  return (Object.keys(table) as K[]).find((key) => table[key] === known)
}

export interface Form {
  organisation: string
  category: string
  group: string
  region: string
  language: string
  /** Seconds as typed; a number field gives a number, or nothing when it is empty. */
  requested: number | string | null | undefined
  first_time: boolean
  remote: boolean
  name: string
  form_of_address: string
  pronunciation: string
  email: string
  access_needs: string
  basis: string
}

export type Field = keyof Form

export const empty = (language = ''): Form => ({
  organisation: '',
  category: '',
  group: '',
  region: '',
  language,
  requested: undefined,
  first_time: false,
  remote: false,
  name: '',
  form_of_address: '',
  pronunciation: '',
  email: '',
  access_needs: '',
  basis: '',
})

/** The form of an application that is there already. */
export const formOf = (applicant: ApplicantView): Form => ({
  ...empty(applicant.language),
  organisation: applicant.organisation,
  category: applicant.category === 'unspecified' ? '' : (applicant.category ?? ''),
  group: applicant.group === 'unspecified' ? '' : (applicant.group ?? ''),
  region: applicant.region === 'unspecified' ? '' : (applicant.region ?? ''),
  requested: applicant.requested_ms ? applicant.requested_ms / 1000 : undefined,
  first_time: applicant.first_time ?? false,
  remote: applicant.remote ?? false,
})

export type Wrong = 'missing' | 'range' | 'email_wrong'

const seconds = (form: Form): number => (form.requested ? Number(form.requested) : 0)

/** What is wrong with the form, in the order of the page. Who enters an organisation for it need not name a person. */
export function faults(form: Form, publicly = true): Map<Field, Wrong> {
  const found = new Map<Field, Wrong>()
  if (!form.organisation.trim()) found.set('organisation', 'missing')
  const asked = seconds(form)
  if (asked !== 0 && (!Number.isInteger(asked) || asked < 30 || asked > 600)) found.set('requested', 'range')
  if (publicly && !form.name.trim()) found.set('name', 'missing')
  const email = form.email.trim()
  if (!email) {
    if (publicly) found.set('email', 'missing')
  } else if (!/^[^\s@]+@[^\s@]+$/.test(email)) found.set('email', 'email_wrong')
  return found
}

/** The application's own part: what the command apply, or change_application, takes. */
export const application = (form: Form): Record<string, unknown> => ({
  organisation: form.organisation.trim(),
  category: form.category,
  group: form.group,
  region: form.region,
  language: form.language,
  requested_ms: seconds(form) * 1000,
  first_time: form.first_time,
  remote: form.remote,
})

/** Who would speak, as a person's record. */
export const person = (form: Form): Record<string, string> => ({
  name: form.name.trim(),
  form_of_address: form.form_of_address.trim(),
  pronunciation: form.pronunciation.trim(),
  email: form.email.trim(),
  access_needs: form.access_needs.trim(),
})

/** The field of the form that a refusal is about, whatever way it came. */
export function fieldOf(problem: Problem): Field | undefined {
  const last = problem.field?.split('.').at(-1)
  if (last === 'requested_ms') return 'requested'
  if (last === 'reason') return 'basis'
  return last && last in empty() ? (last as Field) : undefined
}

/** The applicant for whom a link is, by its token; what it allows, the server alone decides. */
export function applicantOf(token: string | undefined): string | undefined {
  try {
    const body = token?.split('.')[1] ?? ''
    const claims = JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/'))) as { applicant?: unknown }
    return typeof claims.applicant === 'string' ? claims.applicant : undefined
  } catch {
    return undefined
  }
}
