import { beforeAll, describe, expect, it } from 'vitest'
import { speak } from '../i18n'
import { eta, nearest, shift, timeOfDay } from './eta'
import { entry, example, now, speaking } from './example'

beforeAll(() => speak([], ['en-GB']))

const min = 60_000
const at = (low: number, high: number) =>
  entry('x', 1, { start: { low: now + low, middle: now + (low + high) / 2, high: now + high } })

describe('when somebody speaks', () => {
  it.each([
    [-5000, 20_000, 'any moment now'],
    [-90_000, -20_000, 'any moment now'],
    [10_000, 40_000, 'in less than 1 min'],
    [10_000, 100_000, 'in less than 2 min'],
    [60_000, 119_000, 'in about 2 min'],
    [12 * min, 16 * min, 'in 12 to 16 min'],
    [12.9 * min, 15.1 * min, 'in 12 to 16 min'],
    [90 * min, 95 * min, 'in 90 to 95 min'],
  ])('from %d to %d ms: %s', (low, high, want) => {
    expect(eta(example(), at(low, high), now)).toBe(want)
  })

  it('says a time of day when it is far ahead', () => {
    expect(eta(example(), at(91 * min, 99 * min), now)).toBe(
      `${timeOfDay(now + 91 * min)} to ${timeOfDay(now + 99 * min)}`,
    )
  })

  it('is later by what the running turn overran', () => {
    const view = speaking({}, { floor: { turn: 't1', next: 'b', expected_end: now - 3 * min } })
    expect(shift(view, now)).toBe(3 * min)
    expect(eta(view, at(12 * min, 16 * min), now)).toBe('in 15 to 19 min')
  })

  it('is later by what passed while nobody was called', () => {
    const view = example({ entries: { b: at(-90_000, -30_000), c: entry('c', 2) } })
    expect(shift(view, now)).toBe(60_000)
    expect(eta(view, { ...entry('c', 2), start: { low: now, middle: now + min, high: now + 3 * min } }, now)).toBe(
      'in 1 to 4 min',
    )
  })

  it.each([
    ['the turn is not over its expected end', speaking({}, { floor: { turn: 't1', expected_end: now + 1 } })],
    ['the next one is not due yet', example({ entries: { b: at(1000, 2000) } })],
    ['nobody waits', example({ floor: { next: undefined } })],
    ['no end is expected', speaking()],
  ])('is not later when %s', (_name, view) => expect(shift(view, now)).toBe(0))

  it('never gives a time to somebody who will not be called', () => {
    expect(eta(example(), { ...at(min, 2 * min), reached: false }, now)).toBe('not expected to be reached')
  })

  it('says so when there is no estimate', () => {
    expect(eta(example(), entry('b', 1), now)).toBe('no estimate yet')
    expect(eta(example(), at(min, 2 * min), undefined)).toBe('no estimate yet')
  })

  it.each(['on_floor', 'spoken', 'standby', 'withdrawn', 'not_reached'] as const)(
    'says nothing of one who is %s',
    (state) => {
      expect(eta(example(), { ...at(min, 2 * min), state }, now)).toBe('')
    },
  )
})

describe('a time that is typed', () => {
  const local = (day: number, h: number, m: number, s = 0): number => new Date(2026, 10, day, h, m, s).getTime()
  it.each([
    ['the same day', local(22, 10, 0), '10:05:30', local(22, 10, 5, 30)],
    ['without seconds', local(22, 10, 0), '09:58', local(22, 9, 58)],
    ['after midnight', local(22, 23, 59), '00:01:00', local(23, 0, 1)],
    ['before midnight', local(22, 0, 1), '23:59:00', local(21, 23, 59)],
  ])('is of %s', (_name, to, time, want) => expect(nearest(to, time)).toBe(want))
})
