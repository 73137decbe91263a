// The way to signing in at the organisation’s identity provider, for staff, where the server offers it.

/** Whether the server lets staff sign in: it says so inside the page. */
export const offered = (): boolean => document.getElementById('app')?.dataset.signIn !== undefined

/**
 * The way to the provider, for a session's page or from the first page. It is relative, so that a path in front of ours
 * (a proxy's) stays.
 */
export const wayIn = (code?: string, page?: string): string =>
  code ? `../../sign-in?${new URLSearchParams({ session: code, ...(page && { page }) })}` : 'sign-in'
