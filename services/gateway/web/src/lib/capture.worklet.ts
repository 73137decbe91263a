// Runs in the audio thread: the microphone as 16 kHz mono PCM (s16le), a tenth of a second at a time.
import { Resampler } from './pcm'

// What an AudioWorkletGlobalScope has; TypeScript's DOM library leaves it out.
declare const sampleRate: number
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void
declare class AudioWorkletProcessor {
  readonly port: MessagePort
}

class Capture extends AudioWorkletProcessor {
  private readonly resampler = new Resampler(sampleRate)

  process(inputs: Float32Array[][]): boolean {
    const input = inputs[0]
    if (input?.length) {
      for (const chunk of this.resampler.take(input)) this.port.postMessage(chunk, [chunk.buffer])
    }
    return true
  }
}

registerProcessor('capture', Capture)
