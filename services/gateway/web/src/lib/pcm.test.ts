import { describe, expect, it } from 'vitest'
import { chunkLength, level, rate, Resampler } from './pcm'

/** A tone as a microphone gives it. */
const tone = (hz: number, from: number, seconds: number): Float32Array =>
  Float32Array.from({ length: from * seconds }, (_, i) => Math.sin((2 * Math.PI * hz * i) / from) / 2)

function through(from: number, samples: Float32Array): Int16Array {
  const resampler = new Resampler(from)
  const out: number[] = []
  // The audio thread gives 128 samples at a time.
  for (let i = 0; i < samples.length; i += 128) {
    for (const chunk of resampler.take([samples.subarray(i, i + 128)])) out.push(...chunk)
  }
  return Int16Array.from(out)
}

/** Times that a tone passes zero upwards. */
const waves = (samples: Int16Array): number =>
  samples.reduce((sum, sample, i) => sum + (i > 0 && samples[i - 1]! < 0 && sample >= 0 ? 1 : 0), 0)

describe.each([16_000, 44_100, 48_000])('a microphone at %i Hz', (from) => {
  it('gives 16 kHz with the tone as it was', () => {
    const out = through(from, tone(440, from, 1))
    expect(Math.abs(out.length - rate)).toBeLessThanOrEqual(chunkLength)
    expect(Math.abs(waves(out) - (440 * out.length) / rate)).toBeLessThanOrEqual(2)
    expect(Math.max(...out)).toBeGreaterThan(15_500)
    expect(Math.max(...out)).toBeLessThanOrEqual(16_500)
  })
})

it('channels are mixed, and what is too loud is cut', () => {
  const [chunk] = new Resampler(rate).take([
    new Float32Array(chunkLength).fill(3),
    new Float32Array(chunkLength).fill(1),
  ])
  expect(new Set(chunk)).toEqual(new Set([32_767]))
})

describe('the meter', () => {
  it.each([
    [0, 0],
    [1, 0],
    [327, 1 / 3],
    [32_767, 1],
  ])('of %i shows %d', (sample, want) => {
    expect(level(new Int16Array(10).fill(sample))).toBeCloseTo(want, 1)
  })
})
