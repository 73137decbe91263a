// The lot, drawn again by whoever watches (draft-thomson-elegy-vrs): from what is public alone. A code that hashes to
// the commitment and the published randomness give PRK = HMAC(code, randomness), and each label its position
// HMAC(PRK, label || 0x01); positions ascending are the order of the lot.
import type { EntryView, OrderView } from '../lib/view'

/** What is public of a draw. */
export interface Draw {
  commitment: string
  code: string
  randomness: string
  /** Each label with the position that the session's log has for it. */
  drawn: { label: string; position: string }[]
}

/** The draw of a list as its view shows it, or nothing before it. */
export function drawOf(order: OrderView | undefined, entries: readonly EntryView[]): Draw | undefined {
  if (!order?.drawn_at || !order.code || !order.commitment || order.randomness === undefined) return undefined
  const drawn = entries
    .filter((entry) => entry.input?.lot)
    .map((entry) => ({ label: entry.input!.label, position: entry.input!.lot! }))
    .sort((a, b) => (a.position < b.position ? -1 : 1))
  return { commitment: order.commitment, code: order.code, randomness: order.randomness, drawn }
}

const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, '0')).join('')
const raw = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

async function hmac(subtle: SubtleCrypto, key: BufferSource, data: BufferSource): Promise<ArrayBuffer> {
  const made = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return subtle.sign('HMAC', made, data)
}

/** Whether the draw is right: the code opens the commitment, and every position follows from code and randomness. */
export async function holds(subtle: SubtleCrypto, draw: Draw): Promise<boolean> {
  const code = raw(draw.code)
  if (hex(await subtle.digest('SHA-256', code)) !== draw.commitment) return false
  const secret = await hmac(subtle, code, utf8(draw.randomness))
  for (const { label, position } of draw.drawn)
    if (hex(await hmac(subtle, secret, utf8(`${label}\u0001`))) !== position) return false
  return draw.drawn.length > 0
}

/** The labels as a file, one a line, sorted so that the file says nothing about the order. */
export const labelsFile = (draw: Draw): string =>
  draw.drawn
    .map((one) => `${one.label}\n`)
    .sort()
    .join('')

/** A Python text literal: JSON's are such, but for what Python has no escape for. */
const literal = (text: string): string => JSON.stringify(text)

/** A script for Python's standard library that draws the lot again and prints the order. */
export const python = (
  draw: Draw,
): string => `"""Draws the lot again (draft-thomson-elegy-vrs): labels.txt has what is drawn, one a line."""
import hashlib, hmac

COMMITMENT = ${literal(draw.commitment)}  # published before the randomness was known
CODE = ${literal(draw.code)}  # revealed at the draw
RANDOMNESS = ${literal(draw.randomness)}  # as its source published it

code = bytes.fromhex(CODE)
assert hashlib.sha256(code).hexdigest() == COMMITMENT, "the code does not open the commitment"
secret = hmac.new(code, RANDOMNESS.encode(), hashlib.sha256).digest()
labels = [line.rstrip("\\n") for line in open("labels.txt", encoding="utf-8") if line.strip()]

def position(label):
    return hmac.new(secret, label.encode() + b"\\x01", hashlib.sha256).hexdigest()

for place, label in enumerate(sorted(labels, key=position), 1):
    print(place, label, sep="\\t")
`

/** A word for a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** The same by Fairfloor's own program. */
export const shell = (draw: Draw): string =>
  `fairfloor lot draw --code ${draw.code} --commitment ${draw.commitment} \\\n  --randomness ${quoted(draw.randomness)} --labels labels.txt`
