// Receipts as proof: whoever acted keeps what the server signed, checks in the browser that the session's own key
// signed it, and can save it. With a saved receipt `fairfloor verify LOG --receipts FILE` shows an act that the log
// lacks, or two logs with one number (event-log.md 16).
import type { Id, Receipt } from './view'

/** What a check says: the session's key signed it, it did not, or this browser cannot tell (plain http, an old one). */
export type Verdict = 'good' | 'bad' | 'unchecked'

/** How many are kept for a session: more than anybody's acts in one. */
const most = 500

const keyOf = (session: Id): string => `fairfloor.receipts.${session}`

/** The text that the signature covers, line by line: command.Receipt.Signed in Go. */
export function signed(receipt: Receipt): string {
  const made = Object.entries(receipt.made ?? {})
    .map(([name, id]) => `${name}=${id}`)
    .toSorted()
  return (
    ['fairfloor.receipt.v1', receipt.command_id, receipt.subject, receipt.seq ?? 0, receipt.incarnation]
      .concat([receipt.version ?? 0, receipt.hash, receipt.at ?? 0, receipt.place ?? 0, made.join(',')])
      .map((line) => String(line ?? ''))
      .join('\n') + '\n'
  )
}

/** Whether the session's public key (Ed25519, base64url) signed a receipt. */
export async function check(receipt: Receipt, publicKey: string): Promise<Verdict> {
  // crypto.subtle is there on encrypted pages only; Ed25519 in it since Chromium 137, Firefox 129, Safari 17.
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined
  if (!subtle) return 'unchecked'
  let key: CryptoKey
  try {
    key = await subtle.importKey('raw', bytes(publicKey), 'Ed25519', false, ['verify'])
  } catch (wrong) {
    // A browser that does not know the algorithm proves nothing; a key that is none proves that it is not the session's.
    return (wrong as DOMException).name === 'NotSupportedError' ? 'unchecked' : 'bad'
  }
  try {
    const signature = bytes(typeof receipt.signature === 'string' ? receipt.signature : '')
    return (await subtle.verify('Ed25519', key, signature, new TextEncoder().encode(signed(receipt)))) ? 'good' : 'bad'
  } catch {
    return 'bad'
  }
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

/** The receipts that this device keeps of a session, the oldest first. */
export function kept(session: Id): Receipt[] {
  try {
    const all = JSON.parse(localStorage.getItem(keyOf(session)) ?? '[]') as unknown
    return Array.isArray(all) ? (all as Receipt[]) : []
  } catch {
    return []
  }
}

/** Keeps a receipt; one that was answered twice is kept once. It gives how many there are now. */
export function keep(session: Id, receipt: Receipt): number {
  const { type: _, problem: __, ...rest } = receipt
  const others = kept(session).filter((other) => other.command_id !== receipt.command_id)
  const all = [...others, rest as Receipt].slice(-most)
  try {
    localStorage.setItem(keyOf(session), JSON.stringify(all))
    return all.length
  } catch {
    return 0 // a browser without storage keeps none; nothing else depends on it
  }
}
