import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { check, keep, kept, signed } from './receipts'
import type { Receipt } from './view'

let pair: CryptoKeyPair
let publicKey: string

beforeAll(async () => {
  pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair
  publicKey = base64url(new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey)))
})

const base64url = (raw: Uint8Array): string =>
  btoa(String.fromCharCode(...raw))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

function receipt(change: Partial<Receipt> = {}): Receipt {
  return {
    command_id: '01a20248-9127-71f0-8fb6-7b399d9e9739',
    outcome: 'accepted',
    seq: 7,
    incarnation: 'one',
    subject: 'evt.queue.01a20248-0000-71f0-8fb6-7b399d9e9739',
    version: 3,
    hash: 'ab'.repeat(32),
    at: 1_790_000_000_000,
    place: 12,
    made: { turn: 't', entry: 'e' },
    ...change,
  }
}

async function withSignature(one: Receipt): Promise<Receipt> {
  const signature = await crypto.subtle.sign('Ed25519', pair.privateKey, new TextEncoder().encode(signed(one)))
  return { ...one, signature: base64url(new Uint8Array(signature)) }
}

describe('the text that is signed', () => {
  test('is that of the server, line by line', () => {
    expect(signed(receipt())).toBe(
      'fairfloor.receipt.v1\n01a20248-9127-71f0-8fb6-7b399d9e9739\nevt.queue.01a20248-0000-71f0-8fb6-7b399d9e9739\n7\none\n3\n' +
        `${'ab'.repeat(32)}\n1790000000000\n12\nentry=e,turn=t\n`,
    )
  })
  test('has a place for what is not there', () => {
    expect(signed({ command_id: 'c', outcome: 'accepted' })).toBe('fairfloor.receipt.v1\nc\n\n0\n\n0\n\n0\n0\n\n')
  })
})

describe('a receipt in the browser', () => {
  test('is good when the session signed it', async () => {
    expect(await check(await withSignature(receipt()), publicKey)).toBe('good')
  })
  test.each<[string, Partial<Receipt>, string?]>([
    ['another sequence', { seq: 8 }],
    ['another place', { place: 1 }],
    ['another thing made', { made: { entry: 'f' } }],
    ['no signature', { signature: undefined }],
    ['a signature that is none', { signature: '%%%' }],
    ["another session's key", {}, base64url(new Uint8Array(32).fill(7))],
    ['a key that is none', {}, 'AAAA'],
  ])('is bad with %s', async (_, change, key) => {
    expect(await check({ ...(await withSignature(receipt())), ...change }, key ?? publicKey)).toBe('bad')
  })
  test('is not checked where the browser cannot', async () => {
    const one = await withSignature(receipt())
    vi.stubGlobal('crypto', {})
    expect(await check(one, publicKey)).toBe('unchecked')
    vi.stubGlobal('crypto', {
      subtle: { importKey: () => Promise.reject(new DOMException('no Ed25519', 'NotSupportedError')) },
    })
    expect(await check(one, publicKey)).toBe('unchecked')
    vi.unstubAllGlobals()
  })
})

describe('receipts on this device', () => {
  let stored: Map<string, string>
  beforeEach(() => {
    stored = new Map()
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, text: string) => void stored.set(key, text),
    })
  })
  afterEach(() => vi.unstubAllGlobals())

  test('are kept by session, once each, without what is not signed', async () => {
    const one = { ...(await withSignature(receipt())), type: 'receipt' }
    expect(keep('s', one)).toBe(1)
    expect(keep('s', { ...one, outcome: 'duplicate' })).toBe(1)
    expect(keep('s', await withSignature(receipt({ command_id: 'other' })))).toBe(2)
    expect(kept('s').map((r) => r.command_id)).toEqual([one.command_id, 'other'])
    expect(kept('s')[0]).not.toHaveProperty('type')
    expect(kept('another')).toEqual([])
  })
  test('are bounded, the newest stay', () => {
    stored.set('fairfloor.receipts.s', JSON.stringify(Array.from({ length: 500 }, (_, i) => ({ command_id: `${i}` }))))
    expect(keep('s', receipt())).toBe(500)
    expect(kept('s')[0]?.command_id).toBe('1')
  })
  test('need a storage, and nothing else needs them', () => {
    stored.set('fairfloor.receipts.s', 'not JSON')
    expect(kept('s')).toEqual([])
    stored.set('fairfloor.receipts.s', '{}')
    expect(kept('s')).toEqual([])
    vi.stubGlobal('localStorage', {
      getItem: () => null,
      setItem: () => {
        throw new Error('full')
      },
    })
    expect(keep('s', receipt())).toBe(0)
  })
})
