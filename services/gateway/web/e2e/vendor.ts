// A browser vendor's push service with one phone behind it, which reads what comes.
import { execFileSync } from 'node:child_process'
import { createDecipheriv, createECDH, hkdfSync, randomBytes, type ECDH } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Sent {
  headers: Record<string, unknown>
  text: { kind: string; tag: string; code: string; place?: number }
}

/** A push service with one phone behind it, which reads what came (RFC 8291). */
export interface Vendor {
  endpoint: string
  certificate: string
  subscription: object
  message: () => Promise<Sent>
  stop: () => void
}

export async function openVendor(): Promise<Vendor> {
  const folder = mkdtempSync(join(tmpdir(), 'fairfloor-push-'))
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=push',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      key,
      '-out',
      certificate,
    ],
    { stdio: 'ignore' },
  )
  const phone = createECDH('prime256v1')
  phone.generateKeys()
  const auth = randomBytes(16)
  const waiting: Sent[] = []
  let told: (() => void) | undefined
  const service: Server = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (request, answer) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        waiting.push({ headers: request.headers, text: decrypt(Buffer.concat(parts), phone, auth) })
        answer.writeHead(201).end()
        told?.()
      })
    },
  )
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  const { port } = service.address() as AddressInfo
  const endpoint = `https://127.0.0.1:${port}/push/one`
  return {
    endpoint,
    certificate,
    subscription: {
      endpoint,
      expirationTime: null,
      keys: { p256dh: phone.getPublicKey().toString('base64url'), auth: auth.toString('base64url') },
    },
    message: async () => {
      while (!waiting.length) await new Promise<void>((resolve) => (told = resolve))
      return waiting.shift()!
    },
    stop: () => {
      service.closeAllConnections()
      service.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Reads an encrypted message as a browser does (RFC 8291 over RFC 8188). */
function decrypt(body: Buffer, phone: ECDH, auth: Buffer): Sent['text'] {
  const salt = body.subarray(0, 16)
  const length = body[20]!
  const theirs = body.subarray(21, 21 + length)
  const key = (secret: Buffer, from: Buffer, info: Buffer, size: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, from, info, size))
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), phone.getPublicKey(), theirs])
  const ikm = key(phone.computeSecret(theirs), auth, info, 32)
  const cek = key(ikm, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = key(ikm, salt, Buffer.from('Content-Encoding: nonce\0'), 12)
  const sealed = body.subarray(21 + length)
  const open = createDecipheriv('aes-128-gcm', cek, nonce)
  open.setAuthTag(sealed.subarray(-16))
  const plain = Buffer.concat([open.update(sealed.subarray(0, -16)), open.final()])
  return JSON.parse(plain.subarray(0, plain.lastIndexOf(2)).toString()) as Sent['text']
}
