import { describe, expect, it } from 'vitest'
import { conclude, current, duration, fit, paragraphs, remaining, toConclusion, unread, upTo } from './statement'

const divided = [
  ['Thank you, Chair.', 'We support the text.'],
  ['A first example.', 'It is long.'],
  ['A second example.'],
  ['In conclusion, we count on all.', 'Thank you.'],
]
const all = paragraphs(divided, new Set([2, 3]))

describe('a statement', () => {
  it('counts its sentences through', () => {
    expect(all.flatMap((one) => one.sentences.map((sentence) => sentence.number))).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(all.map((one) => one.mayDrop)).toEqual([false, true, true, false])
  })

  it.each([
    ['en', 'word '.repeat(120), 60_000],
    ['fr', 'mot '.repeat(120), 60_000],
    ['ar-EG', 'كلمة '.repeat(100), 60_000],
    ['zh', '字'.repeat(180), 60_000],
    ['en', '', 0],
    ['xx', 'word '.repeat(100), 60_000],
  ])('in %s takes as long as its language needs', (language, text, ms) =>
    expect(duration(text, language)).toBeCloseTo(ms, 3),
  )
})

describe('against a guarantee', () => {
  const long = paragraphs([['a '.repeat(60)], ['b '.repeat(60)], ['c '.repeat(60)], ['d '.repeat(60)]], new Set([2, 3]))
  const minute = (60 / 120) * 60_000

  it('everything stays that fits', () => {
    expect(fit(long, 'en', 4 * minute + 1)).toMatchObject({ over: 0, goes: new Set() })
    expect(fit(long, 'en', undefined).goes).toEqual(new Set())
  })

  it('the last that may be dropped goes first', () => {
    expect(fit(long, 'en', 3.5 * minute).goes).toEqual(new Set([3]))
    expect(fit(long, 'en', 2.5 * minute).goes).toEqual(new Set([3, 2]))
  })

  it('what must be said never goes, and is said to be too long', () => {
    const { goes, over, least, whole } = fit(long, 'en', minute)
    expect(goes).toEqual(new Set([2, 3]))
    expect(over).toBeCloseTo(minute, 3)
    expect(least).toBeCloseTo(2 * minute, 3)
    expect(whole).toBeCloseTo(4 * minute, 3)
  })
})

describe('passing sentences', () => {
  it('one after the other', () => {
    expect(current(all, unread)?.number).toBe(1)
    expect(current(all, { passed: [1, 2], skipped: [] })?.number).toBe(3)
    expect(current(all, { passed: [7], skipped: [] })).toBeUndefined()
  })

  it('a tap further down passes what lies between', () => {
    expect(upTo(all, { passed: [1], skipped: [] }, 4, false)).toEqual([2, 3])
    expect(upTo(all, { passed: [1], skipped: [] }, 4, true)).toEqual([2, 3, 4])
  })

  it('a skipped paragraph is never passed', () => {
    expect(upTo(all, { passed: [1], skipped: [2] }, 6, true)).toEqual([2, 5, 6])
    expect(current(all, { passed: [1, 2], skipped: [2] })?.number).toBe(5)
  })

  it('nothing is passed twice', () => {
    expect(upTo(all, { passed: [1, 2, 3], skipped: [] }, 2, true)).toEqual([])
  })
})

describe('skip to your conclusion', () => {
  it('leaves out what lies between', () => {
    expect(toConclusion(all, { passed: [1, 2], skipped: [] })).toEqual([2, 3])
    expect(current(all, conclude(all, { passed: [1, 2], skipped: [] }))?.number).toBe(6)
  })

  it('leaves the rest of a paragraph unsaid that was begun', () => {
    const after = conclude(all, { passed: [1, 2, 3], skipped: [] })
    expect(after.skipped).toEqual([3])
    expect(current(all, after)?.number).toBe(6)
    expect(upTo(all, after, 6, true)).toEqual([6])
  })

  it('is nothing in the conclusion itself', () => {
    expect(toConclusion(all, { passed: [1, 2, 3, 4, 5], skipped: [] })).toEqual([])
    expect(toConclusion(all, { passed: [7], skipped: [] })).toEqual([])
  })
})

it('what is left takes less with each sentence', () => {
  const whole = remaining(all, 'en', unread)
  const later = remaining(all, 'en', { passed: [1, 2], skipped: [] })
  const last = remaining(all, 'en', { passed: [1, 2], skipped: [2, 3] })
  expect(whole).toBeGreaterThan(later)
  expect(later).toBeGreaterThan(last)
  expect(last).toBeCloseTo(duration('In conclusion, we count on all. Thank you.', 'en'), 3)
})
