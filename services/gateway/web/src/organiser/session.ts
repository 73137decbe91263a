// What the organiser's page reads off a session's view.
import type { PartView, View } from '../lib/view'

/** The agenda's parts in order. */
export const agendaOf = (view: View): PartView[] =>
  (view.agenda ?? []).flatMap((id) => (view.parts[id] ? [view.parts[id]] : []))

/** How many were accepted: as many as may be expected to speak. */
export const acceptedOf = (view: View): number =>
  Object.values(view.applicants).filter((one) => one.state === 'accepted').length
