import { describe, expect, it } from 'vitest'
import { tones } from './sound.svelte'

const length = (kind: Parameters<typeof tones>[0]): number => Math.max(0, ...tones(kind).map((one) => one.at + one.for))

describe('sounds', () => {
  it('are the longer the more urgent a notice is', () => {
    expect(length('called')).toBeGreaterThan(length('next'))
    expect(length('next')).toBeGreaterThan(length('third'))
    expect(length('third')).toBe(length('fifth'))
    expect(length('prompt')).toBeGreaterThan(0)
  })

  it('leave a speaker alone while they speak', () => {
    for (const kind of ['warning', 'expired', 'standby', 'not_reached', 'swap_asked'] as const)
      expect(tones(kind)).toEqual([])
  })

  it('can be heard on a phone’s small loudspeaker, and are over soon', () => {
    for (const kind of ['called', 'next', 'third', 'prompt'] as const)
      for (const { hz, at, for: long } of tones(kind)) {
        expect(hz).toBeGreaterThan(300)
        expect(hz).toBeLessThan(1500)
        expect(at + long).toBeLessThan(2)
        expect(long).toBeGreaterThan(0.1)
      }
  })
})
