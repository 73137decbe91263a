// Microphone samples to what a speech engine takes: 16 kHz, one channel, 16 bit, little-endian.

export const rate = 16_000
/** Samples of one message: 100 ms. */
export const chunkLength = rate / 10

/** Mixes channels, brings them to 16 kHz and cuts them into chunks. */
export class Resampler {
  private readonly step: number
  private sum = 0
  private count = 0
  private phase = 0
  private chunk = new Int16Array(chunkLength)
  private filled = 0

  /** The rate at which samples come, Hz: 16,000 or more. */
  constructor(from: number) {
    this.step = rate / from
  }

  /** Takes one block, a channel each; gives the chunks that it completes. */
  take(channels: readonly Float32Array[]): Int16Array<ArrayBuffer>[] {
    const done: Int16Array<ArrayBuffer>[] = []
    const length = channels[0]?.length ?? 0
    for (let i = 0; i < length; i++) {
      let sample = 0
      for (const channel of channels) sample += channel[i] ?? 0
      this.sum += sample / channels.length
      this.count++
      this.phase += this.step
      if (this.phase < 1) continue
      this.phase -= 1
      // The mean of what lies between two samples is low-pass enough for speech.
      const value = Math.max(-1, Math.min(1, this.sum / this.count))
      this.sum = this.count = 0
      this.chunk[this.filled++] = Math.round(value * 32_767)
      if (this.filled < chunkLength) continue
      done.push(this.chunk)
      this.chunk = new Int16Array(chunkLength)
      this.filled = 0
    }
    return done
  }
}

/** Loudness of a chunk, 0 to 1 over the 60 dB below full scale, for a meter. */
export function level(chunk: Int16Array): number {
  let sum = 0
  for (const sample of chunk) sum += sample * sample
  const rms = Math.sqrt(sum / Math.max(1, chunk.length)) / 32_768
  return rms === 0 ? 0 : Math.max(0, Math.min(1, 1 + Math.log10(rms) / 3))
}
