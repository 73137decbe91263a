// What the pages ask of the HTTP API beside the line: with the link's token where there is one, which never stands in
// an address, and with refusals in the reader's language.
import { learn } from '../i18n'
import { Refused } from '../lib/link'
import type { Problem } from '../lib/view'

/** Asks the API under /api/v1, as a visitor where the token is empty. Throws Refused, or TypeError when the server cannot be reached. */
export async function ask<T>(token: string, path: string, body?: unknown, method = body ? 'POST' : 'GET'): Promise<T> {
  const answer = await fetch(`/api/v1${path}`, {
    method,
    credentials: 'omit',
    headers: {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(body ? { 'Content-Type': 'application/json' } : {}),
    },
    body: body ? JSON.stringify(body) : undefined,
  })
  const said = (await answer.json().catch(() => undefined)) as unknown
  if (answer.ok) return said as T
  const problem = said as Problem | undefined
  await learn()
  throw new Refused(problem?.code ? problem : { code: 'unknown', title: answer.statusText, status: answer.status })
}
