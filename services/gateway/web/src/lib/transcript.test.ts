import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Segment } from './captions'
import type { Beside } from './live'
import { Transcript } from './transcript.svelte'

/** A line that remembers what was told. */
class Line {
  beside?: Beside
  told: Record<string, unknown>[] = []
  tell = (frame: Record<string, unknown>): void => void this.told.push(frame)
}

const final = (track: string, seq: number): Segment => ({
  track,
  seq,
  segment_id: `${track}${seq}`,
  rev: 1,
  state: 'final',
  text: `${seq}.`,
  start_ms: seq,
  end_ms: seq,
  speaker: { label: 'A' },
})

let line: Line
let transcript: Transcript

const caption = (track: string, seq: number, from = seq - 1): void =>
  line.beside!.take({ type: 'caption', track, from, seq, segments: [final(track, seq)] })

beforeEach(() => {
  line = new Line()
  transcript = new Transcript(line)
})
afterEach(() => transcript.close())

describe('what a page follows', () => {
  it('is nothing at first', () => {
    expect(line.beside!.hello()).toEqual({ tracks: [] })
    caption('en', 1)
    expect(transcript.of('en').segments).toEqual([])
  })

  it('is asked for on the open line, from the beginning', () => {
    transcript.follow(['en'])
    expect(line.told).toEqual([{ type: 'tracks', tracks: ['en'], captions_since: { en: 0 } }])
  })

  it('is asked for once', () => {
    transcript.follow(['en'])
    transcript.follow(['en'])
    expect(line.told).toHaveLength(1)
  })

  it('goes on after a reconnect where it was', () => {
    transcript.follow(['en', 'fr'])
    caption('en', 1)
    caption('en', 2)
    expect(line.beside!.hello()).toEqual({ tracks: ['en', 'fr'], captions_since: { en: 2, fr: 0 } })
  })

  it('is asked for again when something is missing', () => {
    transcript.follow(['en'])
    caption('en', 1)
    caption('en', 3)
    expect(line.told.at(-1)).toEqual({ type: 'tracks', tracks: ['en'], captions_since: { en: 1 } })
    expect(transcript.of('en').seq).toBe(1)
    caption('en', 2)
    caption('en', 3)
    expect(transcript.of('en').segments.map((one) => one.text)).toEqual(['1.', '2.', '3.'])
  })

  it('is kept when another track is looked at meanwhile', () => {
    transcript.follow(['en'])
    caption('en', 1)
    transcript.follow(['fr'])
    caption('fr', 1)
    transcript.follow(['en'])
    expect(line.told.at(-1)).toEqual({ type: 'tracks', tracks: ['en'], captions_since: { en: 1 } })
    expect(transcript.of('en').segments).toHaveLength(1)
  })
})

it('a backlog in many frames is drawn once', async () => {
  transcript.follow(['en'])
  for (let from = 0; from < 320; from += 64) {
    const segments = Array.from({ length: 64 }, (_, i) => final('en', from + i + 1))
    line.beside!.take({ type: 'caption', track: 'en', from, seq: from + 64, segments })
    expect(transcript.of('en').segments).toEqual([])
  }
  await expect.poll(() => transcript.of('en').segments.length).toBe(320)
})

it('partials are shown, and frames of other kinds are none of its business', () => {
  transcript.follow(['en'])
  line.beside!.take({ type: 'partial', track: 'en', segment: { ...final('en', 1), seq: undefined, state: 'partial' } })
  line.beside!.take({ type: 'level', track: 'en' })
  expect(transcript.of('en').partial?.text).toBe('1.')
})
