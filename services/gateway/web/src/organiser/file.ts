// Modalities as a file: what one organisation has agreed on, another session can begin with.
import type { Rules } from './draft'

const kind = 'modalities'
const version = 1

/** The text of a file of modalities, the same for the same rules. */
export const written = (rules: Rules): string =>
  `${JSON.stringify({ fairfloor: kind, version, modalities: rules }, undefined, 2)}\n`

export type Read =
  | { modalities: Record<string, unknown> }
  /** Why the file is none of ours: what the server is not even asked about. */
  | { wrong: 'not_json' | 'not_modalities' | 'newer' }

/** Reads a file's text. Whether the rules in it are any good, the server says. */
export function read(text: string): Read {
  let found: unknown
  try {
    found = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch {
    return { wrong: 'not_json' }
  }
  const is = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  if (!is(found)) return { wrong: 'not_modalities' }
  if (found.fairfloor !== kind || !is(found.modalities)) return { wrong: 'not_modalities' }
  if (typeof found.version !== 'number' || found.version > version) return { wrong: 'newer' }
  return { modalities: found.modalities }
}

/** The modality that a problem's field names, such as minimum_ms of args.modalities.minimum_ms. */
export const modalityOf = (field: string | undefined): string =>
  (field ?? '').replace(/^(args\.)?(modalities\.)?/, '').split(/[.[]/)[0] ?? ''

/** Saves a text as a file of the viewer's machine. */
export function save(text: string, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser reads the file after this task.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
