// The sounds of notices, made by the browser itself, and whether this device plays them. Browsers let a page sound
// once somebody has touched it.
import type { Notice } from './view'

type Kind = Notice['kind'] | 'prompt'

/** A tone: its pitch in Hz, when it begins and how long it lasts, in s. */
export interface Tone {
  hz: number
  at: number
  for: number
}

const up = [523.25, 659.25, 783.99]

/** What is played for a notice; nothing for what can wait until they look. The more urgent, the longer. */
export function tones(kind: Kind): Tone[] {
  switch (kind) {
    case 'called':
      return [...up, up[2]!].map((hz, i) => ({ hz, at: i * 0.22, for: i === 3 ? 0.6 : 0.2 }))
    case 'next':
      return up.slice(0, 2).map((hz, i) => ({ hz, at: i * 0.22, for: 0.25 }))
    case 'third':
    case 'fifth':
      return [{ hz: up[0]!, at: 0, for: 0.3 }]
    case 'prompt':
      return [0, 0.25].map((at) => ({ hz: 440, at, for: 0.18 }))
    default:
      return []
  }
}

const key = 'fairfloor.sound'

export class Sound {
  /** Whether this device plays sounds; remembered. */
  on = $state(true)
  private context?: AudioContext

  constructor() {
    try {
      this.on = localStorage.getItem(key) !== 'off'
    } catch {
      // Without storage it sounds until it is switched off.
    }
    for (const touch of ['pointerdown', 'keydown'] as const)
      addEventListener(touch, this.unlock, { capture: true, passive: true })
  }

  close(): void {
    this.locked()
    void this.context?.close().catch(() => undefined)
    this.context = undefined
  }

  /** Switches sound on or off, and remembers it. */
  set(on: boolean): void {
    this.on = on
    try {
      localStorage.setItem(key, on ? 'on' : 'off')
    } catch {
      // See above.
    }
  }

  /** Plays what belongs to a notice, unless sound is off or the browser does not allow it yet. */
  play(kind: Kind): void {
    const context = this.context
    if (!this.on || !context) return
    const start = context.currentTime + 0.02
    for (const tone of tones(kind)) {
      const source = new OscillatorNode(context, { type: 'sine', frequency: tone.hz })
      const loud = new GainNode(context, { gain: 0 })
      source.connect(loud).connect(context.destination)
      const from = start + tone.at
      const to = from + tone.for
      // Faded in and out, since a tone that is cut off clicks.
      loud.gain.setValueAtTime(0, from)
      loud.gain.linearRampToValueAtTime(0.25, from + 0.02)
      loud.gain.setValueAtTime(0.25, to - 0.06)
      loud.gain.linearRampToValueAtTime(0, to)
      source.start(from)
      source.stop(to)
    }
  }

  /** The first touch makes the page able to sound. */
  private unlock = (): void => {
    if (!('AudioContext' in globalThis)) return this.locked()
    this.context ??= new AudioContext()
    if (this.context.state === 'suspended') void this.context.resume().catch(() => undefined)
    else this.locked()
  }

  private locked(): void {
    for (const touch of ['pointerdown', 'keydown'] as const) removeEventListener(touch, this.unlock, { capture: true })
  }
}
