// What came of signing in at the provider: the server leads back to the first page, and says so in its address.

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
