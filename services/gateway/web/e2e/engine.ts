// A speech engine as the gateway meets one: the vosk-server protocol over a websocket (RFC 6455). It hears nothing of
// what it is sent; it counts the audio, and says what the test wants it to have heard.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export interface Engine {
  url: string
  /** How much audio came in all, ms of 16 kHz s16le mono. */
  heard: () => number
  /** Says a final at the next piece of audio. */
  say: (text: string) => void
  stop: () => void
}

const opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

/** One frame from the server: whole, and never masked. */
function frame(code: number, body: Buffer): Buffer {
  if (body.length > 125) throw new Error('longer than this engine speaks')
  return Buffer.concat([Buffer.from([0x80 | code, body.length]), body])
}

export async function openEngine(): Promise<Engine> {
  let bytes = 0
  const saying: string[] = []
  const open = new Set<Socket>()
  const server = createServer()

  function take(socket: Socket, code: number, body: Buffer): void {
    if (code === opcode.binary) {
      bytes += body.length
      const text = saying.shift()
      // One answer for each message, as vosk-server has it.
      socket.write(frame(opcode.text, Buffer.from(JSON.stringify(text === undefined ? { partial: '' } : { text }))))
    } else if (code === opcode.text && body.includes('"eof"')) {
      socket.write(frame(opcode.text, Buffer.from('{"text":""}')))
      socket.end(frame(opcode.close, Buffer.alloc(0)))
    } else if (code === opcode.ping) socket.write(frame(opcode.pong, body))
    else if (code === opcode.close) socket.end(frame(opcode.close, Buffer.alloc(0)))
  }

  server.on('upgrade', (request, socket: Socket) => {
    open.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => open.delete(socket))
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    let rest = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      for (;;) {
        if (rest.length < 2) return
        const short = rest[1]! & 0x7f
        const head = short === 126 ? 4 : short === 127 ? 10 : 2
        if (rest.length < head + 4) return
        const length = short === 126 ? rest.readUInt16BE(2) : short === 127 ? Number(rest.readBigUInt64BE(2)) : short
        if (rest.length < head + 4 + length) return
        const mask = rest.subarray(head, head + 4)
        const body = Buffer.from(rest.subarray(head + 4, head + 4 + length)).map((byte, i) => byte ^ mask[i % 4]!)
        take(socket, rest[0]! & 0x0f, Buffer.from(body))
        rest = rest.subarray(head + 4 + length)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: () => bytes / 32,
    say: (text) => void saying.push(text),
    stop: () => {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}
