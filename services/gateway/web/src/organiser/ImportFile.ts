// Applicants from a spreadsheet: the file goes to the server as it is, first to be looked at, then to be taken. What
// each row means is decided there alone (pkg/roster), by the same code both times.
import { learn } from '../i18n'
import { Refused } from '../lib/link'
import type { Id, Problem, Receipt } from '../lib/view'

export interface Finding {
  row: number
  line?: number
  outcome: 'accepted' | 'duplicate' | 'error'
  organisation: string
  /** The name of the first of two, which is row of_row of the file, or an applicant of the session for -1. */
  of?: string
  of_row: number
  problem?: Problem
}

export interface Preview {
  findings: Finding[] | null
  accepted: number
  duplicates: number
  errors: number
  ignored?: string[]
  receipt?: Receipt
  /** How many delegates of the file were stored. */
  people: number
}

/** The columns that mean something, in the order of an empty file. */
export const columns = [
  'organisation',
  'category',
  'group',
  'region',
  'language',
  'requested_s',
  'first_time',
  'remote',
  'delegate',
  'email',
  'form_of_address',
] as const

/** What is worth looking at first: rows that are not taken, in the order of the file. */
export const troubled = (preview: Preview): Finding[] =>
  (preview.findings ?? []).filter((finding) => finding.outcome !== 'accepted')

/** The column that a problem is about, without the way to it. */
export const column = (problem: Problem | undefined): string => problem?.field?.split('.').at(-1) ?? ''

/**
 * Sends the file. With `id` it is imported under that command, however often it is sent; without, only looked at.
 * Throws Refused for a file that cannot be read as a whole.
 */
export async function sendFile(
  session: Id,
  token: string,
  file: Blob | string,
  importing?: { id: Id; accept: boolean },
): Promise<Preview> {
  const query = importing ? `accept=${importing.accept}` : 'preview=true'
  const answer = await fetch(`/api/v1/sessions/${session}/applicants/import?${query}`, {
    method: 'POST',
    credentials: 'omit',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'text/csv',
      ...(importing ? { 'Idempotency-Key': importing.id } : {}),
    },
    body: file,
  })
  const body = (await answer.json().catch(() => undefined)) as unknown
  if (answer.ok) return body as Preview
  const problem = body as Problem | undefined
  await learn()
  throw new Refused(problem?.code ? problem : { code: 'unknown', title: answer.statusText, status: answer.status })
}
