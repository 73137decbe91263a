import { describe, expect, it } from 'vitest'
import { Captions, chooseTrack, directionOf, group, languageName, partialFor, type Segment } from './captions'

const segment = (seq: number, more: Partial<Segment> = {}): Segment => ({
  track: 'en',
  seq,
  segment_id: `s${seq}`,
  rev: 1,
  state: 'final',
  text: `Sentence ${seq}.`,
  start_ms: seq * 1000,
  end_ms: seq * 1000 + 900,
  turn: 't1',
  speaker: { participant: 'a', label: 'A' },
  ...more,
})

const of = (from: number, to: number): Segment[] => Array.from({ length: to - from + 1 }, (_, i) => segment(from + i))

const frame = (from: number, to: number) => ({ track: 'en', from: from - 1, seq: to, segments: of(from, to) })

const texts = (captions: Captions): string[] => captions.segments.map((one) => one.text)

describe('every final arrives exactly once and in order', () => {
  it('when frames come as they should', () => {
    const captions = new Captions('en')
    expect(captions.take(frame(1, 3))).toBe(true)
    expect(captions.take(frame(4, 4))).toBe(true)
    expect(texts(captions)).toEqual(of(1, 4).map((one) => one.text))
    expect(captions.seq).toBe(4)
  })

  it('when a reconnect sends some of them again', () => {
    const captions = new Captions('en')
    captions.take(frame(1, 5))
    expect(captions.take(frame(3, 7))).toBe(true)
    expect(texts(captions)).toEqual(of(1, 7).map((one) => one.text))
  })

  it('a gap is told and nothing after it is taken', () => {
    const captions = new Captions('en')
    captions.take(frame(1, 2))
    expect(captions.take(frame(4, 5))).toBe(false)
    expect(captions.seq).toBe(2)
    expect(captions.take({ ...frame(4, 5), from: undefined })).toBe(false)
    expect(captions.take(frame(3, 5))).toBe(true)
    expect(texts(captions)).toEqual(of(1, 5).map((one) => one.text))
  })

  it('a backlog may leave out revisions that a later one replaced', () => {
    const captions = new Captions('en')
    expect(captions.take({ track: 'en', from: 0, seq: 4, segments: [segment(2), segment(4)] })).toBe(true)
    expect(captions.seq).toBe(4)
    expect(captions.take(frame(5, 5))).toBe(true)
  })

  it('an empty frame moves the cursor', () => {
    const captions = new Captions('en')
    expect(captions.take({ track: 'en', from: 0, seq: 9, segments: null })).toBe(true)
    expect(captions.seq).toBe(9)
  })
})

describe('revisions', () => {
  it('a correction takes the place of what it corrects', () => {
    const captions = new Captions('en')
    captions.take(frame(1, 3))
    captions.take({
      track: 'en',
      from: 3,
      seq: 4,
      segments: [segment(4, { segment_id: 's2', rev: 2, state: 'corrected', text: 'Better.', start_ms: 2000 })],
    })
    expect(texts(captions)).toEqual(['Sentence 1.', 'Better.', 'Sentence 3.'])
  })

  it('an older revision changes nothing', () => {
    const captions = new Captions('en')
    captions.take({ track: 'en', from: 0, seq: 1, segments: [segment(1, { rev: 3, text: 'Third.' })] })
    captions.take({ track: 'en', from: 1, seq: 2, segments: [segment(2, { segment_id: 's1', rev: 2 })] })
    expect(texts(captions)).toEqual(['Third.'])
  })

  it('what was retracted disappears, what was redacted stays as a place without words', () => {
    const captions = new Captions('en')
    captions.take(frame(1, 3))
    captions.take({
      track: 'en',
      from: 3,
      seq: 5,
      segments: [
        segment(4, { segment_id: 's1', rev: 2, state: 'retracted', text: '' }),
        segment(5, { segment_id: 's2', rev: 2, state: 'redacted', text: '', start_ms: 2000 }),
      ],
    })
    expect(captions.segments.map((one) => [one.segment_id, one.state])).toEqual([
      ['s2', 'redacted'],
      ['s3', 'final'],
    ])
  })

  it('what was said earlier stands earlier, though it came later', () => {
    const captions = new Captions('en')
    captions.take({
      track: 'en',
      from: 0,
      seq: 3,
      segments: [segment(1), segment(2, { start_ms: 9000 }), segment(3, { start_ms: 5000 })],
    })
    expect(texts(captions)).toEqual(['Sentence 1.', 'Sentence 3.', 'Sentence 2.'])
  })
})

describe('the partial', () => {
  const partial = (more: Partial<Segment> = {}): Segment =>
    segment(0, { seq: undefined, segment_id: 'p', state: 'partial', text: 'Thank y', rev: 1, ...more })

  it('is replaced by the latest and ends with its final', () => {
    const captions = new Captions('en')
    captions.say(partial(), 0)
    captions.say(partial({ text: 'Thank you' }), 10)
    expect(captions.partial?.text).toBe('Thank you')
    captions.take({ track: 'en', from: 0, seq: 1, segments: [segment(1, { segment_id: 'p' })] })
    expect(captions.partial).toBeUndefined()
  })

  it('of a sentence that is final is late and is dropped', () => {
    const captions = new Captions('en')
    captions.take({ track: 'en', from: 0, seq: 1, segments: [segment(1, { segment_id: 'p' })] })
    captions.say(partial(), 0)
    expect(captions.partial).toBeUndefined()
  })

  it('ends when it is emptied, or when nothing follows', () => {
    const captions = new Captions('en')
    captions.say(partial(), 0)
    captions.say(partial({ text: '' }), 1)
    expect(captions.partial).toBeUndefined()
    captions.say(partial(), 100)
    expect(captions.expire(100 + partialFor)).toBe(false)
    expect(captions.expire(101 + partialFor)).toBe(true)
    expect(captions.partial).toBeUndefined()
  })
})

describe('blocks', () => {
  it('hold what one speaker says, and begin anew with another', () => {
    const blocks = group([
      segment(1),
      segment(2),
      segment(3, { turn: undefined, speaker: { chair: true, label: 'Chair' } }),
      segment(4, { turn: 't2', speaker: { participant: 'b', label: 'B' } }),
    ])
    expect(blocks.map((block) => block.segments.length)).toEqual([2, 1, 1])
  })

  it('name the speaker again in a long statement', () => {
    expect(group(of(1, 20)).map((block) => block.segments.length)).toEqual([8, 8, 4])
  })

  it('stay the same objects where nothing changed', () => {
    const segments = of(1, 20)
    const before = group(segments)
    const after = group([...segments, segment(21)], before)
    expect(after.slice(0, 2).every((block, i) => block === before[i])).toBe(true)
    expect(after[2]).not.toBe(before[2])
  })
})

describe('a late joiner at minute 89 has 13,000 words', () => {
  it('in well under a second', () => {
    const backlog = Array.from({ length: 1000 }, (_, i) => segment(i + 1, { turn: `t${Math.floor(i / 20)}` }))
    const captions = new Captions('en')
    const began = performance.now()
    for (let i = 0; i < backlog.length; i += 100) {
      expect(captions.take({ track: 'en', from: i, seq: i + 100, segments: backlog.slice(i, i + 100) })).toBe(true)
    }
    expect(performance.now() - began).toBeLessThan(1000)
    expect(captions.segments).toHaveLength(1000)
  })
})

describe('tracks', () => {
  it.each([
    [['en', 'fr', 'ar'], ['fr-CH'], 'fr'],
    [['en', 'zh-Hant'], ['zh'], 'zh-Hant'],
    [['en', 'fr'], ['de'], 'en'],
    [[], ['en'], undefined],
  ])('of %j somebody who reads %j follows %s', (tracks, wished, want) => expect(chooseTrack(tracks, wished)).toBe(want))

  it('run in the direction of their script', () => {
    expect(['ar', 'AR-eg', 'en', 'zh', 'az-Arab'].map(directionOf)).toEqual(['rtl', 'rtl', 'ltr', 'ltr', 'rtl'])
  })

  it('have the names of their languages', () => {
    expect(languageName('fr', 'en')).toBe('French')
    expect(languageName('not a tag', 'en')).toBe('not a tag')
  })
})
