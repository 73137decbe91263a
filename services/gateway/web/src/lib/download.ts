// Downloads beside the line: with the link's token, which never stands in an address.
import type { Id } from './view'

export const formats = ['txt', 'md', 'vtt', 'srt', 'ttml', 'json'] as const
export type Format = (typeof formats)[number]

/** Saves the transcript of a track as a file. Throws when the server did not give it. */
export async function saveTranscript(session: Id, token: string, track: string, format: Format): Promise<void> {
  const path = `/api/v1/sessions/${session}/transcript/${encodeURIComponent(track)}.${format}`
  const answer = await fetch(path, { headers: { Authorization: `Bearer ${token}` }, credentials: 'omit' })
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  const named = /filename="?([^";]+)"?/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1]
  save(await answer.blob(), named ?? `transcript-${track}.${format}`)
}

/** Has the browser save something as a file. */
export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads the file after this task.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** The caption-push address of a source, or nothing when the server does not give it. */
export async function fetchUrl(session: Id, token: string, source: Id): Promise<string | undefined> {
  const answer = await fetch(`/api/v1/sessions/${session}/sources/${source}/url`, {
    headers: { Authorization: `Bearer ${token}` },
    credentials: 'omit',
  })
  return answer.ok ? ((await answer.json()) as { url: string }).url : undefined
}
