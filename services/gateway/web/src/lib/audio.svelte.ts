// The microphone of a desk or of a speaker, sent to the gateway as 16 kHz PCM over a websocket of
// its own; it is forwarded to the speech engine there and never stored. A short break of the line
// loses nothing: some seconds are kept and sent when it is back.
import { rate, level } from './pcm'
import worklet from './capture.worklet.ts?worker&url'
import type { Id, Problem } from './view'

/** Why a browser cannot give audio here. */
export type Missing = 'insecure' | 'unsupported'

export type AudioState = 'off' | 'asking' | 'connecting' | 'live' | 'reconnecting'

/** What went wrong, in kinds that the page has words for. */
export type AudioTrouble = 'denied' | 'no_device' | 'refused' | 'failed'

/** Heard by the engine; or waiting, as another source has the track, held for its language, or without an engine. */
export type Standing = 'heard' | 'waiting' | 'held' | 'down'

/** Chunks of 100 ms that are kept while the line is down: 5 s. */
const kept = 50
const firstBackoff = 250
const mostBackoff = 4000

export interface AudioTarget {
  session: Id
  token: string
  track: string
  language: string
}

export function missing(): Missing | undefined {
  if (!globalThis.isSecureContext) return 'insecure'
  if (!('mediaDevices' in navigator) || !('AudioWorkletNode' in globalThis)) return 'unsupported'
  return undefined
}

/** The inputs of this device; without a permission they have no names. */
export async function inputs(): Promise<{ id: string; label: string }[]> {
  if (missing()) return []
  const all = await navigator.mediaDevices.enumerateDevices()
  return all
    .filter((device) => device.kind === 'audioinput')
    .map((device) => ({ id: device.deviceId, label: device.label }))
}

export class Microphone {
  state = $state<AudioState>('off')
  /** Loudness, 0 to 1. */
  level = $state(0)
  trouble = $state<AudioTrouble>()
  problem = $state.raw<Problem>()
  /** What the gateway does with the sound: only what may become captions reaches the engine. */
  standing = $state<Standing>()
  /** The source that the gateway opened for this audio. */
  source = $state<Id>()

  private stream?: MediaStream
  private context?: AudioContext
  private socket?: WebSocket
  private ready = false
  private waiting: ArrayBuffer[] = []
  private backoff = firstBackoff
  private timer?: ReturnType<typeof setTimeout>
  private target?: AudioTarget

  /** Asks for the microphone and sends until `stop`. */
  async start(target: AudioTarget, device?: string): Promise<void> {
    this.stop()
    this.target = target
    this.trouble = this.problem = undefined
    this.state = 'asking'
    try {
      // What makes a call pleasant (noise suppression, automatic gain) spoils what an engine hears.
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: {
          deviceId: device ? { exact: device } : undefined,
          channelCount: 1,
          echoCancellation: false,
          noiseSuppression: false,
          autoGainControl: false,
        },
      })
      this.context = new AudioContext()
      await this.context.audioWorklet.addModule(worklet)
      const node = new AudioWorkletNode(this.context, 'capture', { numberOfOutputs: 0 })
      node.port.onmessage = (event: MessageEvent<Int16Array<ArrayBuffer>>) => this.chunk(event.data)
      this.context.createMediaStreamSource(this.stream).connect(node)
      await this.context.resume()
    } catch (error) {
      const why = error instanceof DOMException ? error.name : ''
      this.stop()
      this.trouble = why === 'NotAllowedError' ? 'denied' : why === 'NotFoundError' ? 'no_device' : 'failed'
      return
    }
    this.state = 'connecting'
    this.connect()
  }

  stop(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    this.stream?.getTracks().forEach((track) => track.stop())
    void this.context?.close()
    const socket = this.socket
    this.stream = this.context = this.socket = this.source = this.standing = undefined
    if (socket) {
      socket.onclose = null
      // Said, and not only hung up: the engine gives its last words, and the track is free at once.
      if (this.ready && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'end' }))
      socket.close(1000)
    }
    this.ready = false
    this.waiting = []
    this.level = 0
    this.state = 'off'
  }

  private chunk(samples: Int16Array<ArrayBuffer>): void {
    this.level = level(samples)
    if (this.ready && this.socket?.readyState === WebSocket.OPEN) this.socket.send(samples.buffer)
    else this.waiting = [...this.waiting, samples.buffer].slice(-kept)
  }

  private connect(): void {
    const target = this.target!
    this.timer = undefined
    const url = `${location.origin.replace(/^http/, 'ws')}/api/v1/sessions/${target.session}/audio`
    const socket = new WebSocket(url, 'fairfloor.audio.v1')
    this.socket = socket
    socket.onopen = () =>
      socket.send(
        JSON.stringify({
          type: 'hello',
          token: target.token,
          track: target.track,
          language: target.language,
          sample_rate: rate,
          ...(this.source ? { source: this.source } : {}),
        }),
      )
    socket.onmessage = (event) => this.frame(socket, JSON.parse(event.data as string) as Record<string, unknown>)
    socket.onclose = () => {
      if (socket !== this.socket || this.state === 'off') return
      this.ready = false
      this.state = 'reconnecting'
      this.timer = setTimeout(() => this.connect(), this.backoff)
      this.backoff = Math.min(mostBackoff, this.backoff * 2)
    }
  }

  private frame(socket: WebSocket, frame: Record<string, unknown>): void {
    switch (frame.type) {
      case 'ready':
        this.source = frame.source as Id
        this.ready = true
        this.backoff = firstBackoff
        this.state = 'live'
        for (const chunk of this.waiting.splice(0)) socket.send(chunk)
        return
      case 'state':
        this.standing = frame.state === 'ended' ? undefined : (frame.state as Standing)
        return
      case 'problem':
        // Connecting again would be refused again: somebody has to read why.
        this.stop()
        this.trouble = 'refused'
        this.problem = frame.problem as Problem
    }
  }
}
