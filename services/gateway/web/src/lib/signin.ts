// Signing in at the organisation's identity provider, for staff: where the server offers it, and what came of it.
// The server does it all; the pages lead there by a link, and say why somebody is not in.

/** Why somebody is not in; a closed set, which the server chooses from. */
export const reasons = [
  'unmapped',
  'unverified',
  'denied',
  'stale',
  'untrusted',
  'unavailable',
  'busy',
  'no_session',
] as const

export type Reason = (typeof reasons)[number]

/** Whether the server lets staff sign in: it says so inside the page. */
export const offered = (): boolean => document.getElementById('app')?.dataset.signIn !== undefined

/**
 * The way to the provider, for a session's page or from the first page. It is relative, so that a path in front of ours
 * (a proxy's) stays.
 */
export const wayIn = (code?: string, page?: string): string =>
  code ? `../../sign-in?${new URLSearchParams({ session: code, ...(page && { page }) })}` : 'sign-in'

/** What came of a sign-in, from the address of the first page: a reason, or the codes of sessions to choose from. */
export function cameOf(search: string): { reason?: Reason; codes: string[] } {
  const query = new URLSearchParams(search)
  const said = query.get('sign-in')
  const codes = said === 'choose' ? (query.get('sessions') ?? '').split(',') : []
  return {
    reason: reasons.find((one) => one === said),
    codes: codes.filter((code) => /^[A-Z0-9]{4,12}$/.test(code)).slice(0, 12),
  }
}
