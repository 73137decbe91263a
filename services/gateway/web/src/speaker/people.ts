// Who of one's own organisation could speak, and one's own record: asked for when it is needed, since no view that a
// delegate is shown holds names of persons.
import type { Session } from '../lib/session.svelte'
import { ask } from '../organiser/api'
import type { Contact } from '../organiser/InvitationsLinks'

export type { Contact }

/** One's own record in full, and of colleagues what the chair would say. Throws Refused, or TypeError when unreachable. */
export const people = (session: Session): Promise<Contact[]> =>
  ask<Contact[]>(session.token, `/sessions/${session.id}/people`)

/** What is sent of somebody whose name, address and pronunciation were typed: nothing that was left empty. */
export const typed = (fields: Record<string, string>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields)
      .map(([field, text]) => [field, text.trim()] as const)
      .filter(([, text]) => text),
  )

/** One's own record with what was corrected: all of it is sent, for what is left out would be forgotten. */
export function corrected(own: Contact, fields: Record<string, string>): Record<string, unknown> {
  const { person: _, applicant: __, entries: ___, ...value } = own
  return { ...value, ...Object.fromEntries(Object.entries(fields).map(([field, text]) => [field, text.trim()])) }
}
