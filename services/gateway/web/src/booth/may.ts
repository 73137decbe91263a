// What the roles of a link may do here, as the table of verbs says; the server decides.
import type { Session } from '../lib/session.svelte'

const has = (session: Session, ...roles: string[]): boolean =>
  (session.me?.roles ?? []).some((role) => roles.includes(role))

/** Whether this link may report troubles. */
export const mayTell = (session: Session): boolean =>
  has(session, 'interpreter', 'technician', 'chair', 'vice_chair', 'secretariat')

/** Whether this link may say when the interpreters end. */
export const maySetHours = (session: Session): boolean =>
  has(session, 'interpreter', 'technician', 'secretariat', 'organiser')

/** Whether this link may confirm microphones. */
export const mayConfirm = (session: Session): boolean =>
  has(session, 'technician', 'chair', 'vice_chair', 'secretariat')
