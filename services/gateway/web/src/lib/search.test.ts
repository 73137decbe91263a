import { describe, expect, it } from 'vitest'
import type { Block, Segment } from './captions'
import { cut, find, fold } from './search'

const block = (key: string, ...texts: string[]): Block => ({
  key,
  segments: texts.map((text, i): Segment => ({
    track: 'en',
    seq: i + 1,
    segment_id: `${key}${i}`,
    rev: 1,
    state: 'final',
    text,
    start_ms: i,
    end_ms: i,
    speaker: {},
  })),
})

/** What is marked by a phrase. */
function marked(blocks: Block[], phrase: string): string[] {
  const text = new Map(blocks.flatMap((one) => one.segments.map((s) => [s.segment_id, s.text])))
  return find(blocks, phrase).map((hit) =>
    hit.ranges.map(({ segment, from, to }) => text.get(segment)!.slice(from, to)).join('|'),
  )
}

describe('search finds a phrase', () => {
  it('whatever its case and accents', () => {
    expect(marked([block('a', 'Merci à la République.')], 'a la republique')).toEqual(['à la République'])
    expect(marked([block('a', 'ÉLÈVE élève eleve')], 'élève')).toEqual(['ÉLÈVE', 'élève', 'eleve'])
  })

  it('over the end of a sentence', () => {
    const blocks = [block('a', 'I thank the Chair.', 'We support the text.')]
    expect(marked(blocks, 'chair. we')).toEqual(['Chair.|We'])
  })

  it('in Arabic without its vowel signs, in Chinese, in Russian', () => {
    expect(marked([block('a', 'شُكْرًا السَّيِّد الرئيس')], 'شكرا السيد')).toEqual(['شُكْرًا السَّيِّد'])
    expect(marked([block('a', '谢谢主席先生。')], '主席')).toEqual(['主席'])
    expect(marked([block('a', 'Всё готово')], 'все')).toEqual(['Всё'])
  })

  it('every time that it occurs, in the order of speaking', () => {
    const blocks = [block('a', 'peace and peace'), block('b', 'peace')]
    expect(find(blocks, 'peace').map((hit) => hit.block)).toEqual(['a', 'a', 'b'])
  })

  it('and nothing for nothing', () => {
    expect(find([block('a', 'words')], '  ')).toEqual([])
    expect(find([block('a', 'words')], 'other')).toEqual([])
  })

  it('never what was redacted', () => {
    const hidden = block('a', 'secret')
    hidden.segments[0]!.state = 'redacted'
    expect(find([hidden], 'secret')).toEqual([])
  })

  it('among 13,000 words in less than 100 ms', () => {
    const blocks = Array.from({ length: 130 }, (_, i) => block(`b${i}`, ...Array<string>(8).fill('word '.repeat(12.5))))
    find(blocks, 'words')
    const began = performance.now()
    expect(find([...blocks, block('z', 'the needle')], 'needle')).toHaveLength(1)
    expect(performance.now() - began).toBeLessThan(100)
  })
})

describe('folding', () => {
  it('keeps the way back', () => {
    const folded = fold('Straße')
    expect(folded.text).toBe('strasse')
    expect(folded.at.at(-1)).toBe('Straße'.length)
  })
})

it('a text is cut at its hits', () => {
  expect(cut('one two three', [{ from: 4, to: 7, hit: 0 }])).toEqual([
    { text: 'one ' },
    { text: 'two', hit: 0 },
    { text: ' three' },
  ])
  expect(cut('one', [])).toEqual([{ text: 'one' }])
})
