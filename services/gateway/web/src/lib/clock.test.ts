import { describe, expect, it } from 'vitest'
import { add, left, minutes, sessionTime, span, tone, untilChange, type Sample } from './clock'
import type { TurnView } from './view'

const turn = (more: Partial<TurnView>): TurnView => ({
  id: 't',
  entry: 'e',
  part: 'p',
  given_at: 1000,
  begun_at: 2000,
  allotted_ms: 60_000,
  ...more,
})

/** One exchange as a client with a wrong clock sees it: it runs `wrong` ms off. */
function exchange(samples: Sample[], wrong: number, sent: number, up: number, down: number, permille = 1000): Sample[] {
  const server = sent + up
  return add(
    samples,
    {
      client_ms: sent + wrong,
      received_ms: server,
      sent_ms: server,
      session_ms: (server * permille) / 1000,
      speed_permille: permille,
    },
    sent + up + down + wrong,
  )
}

describe('session time', () => {
  it.each([0, 14 * 60_000, -14 * 60_000])('is right with a clock that is %d ms wrong', (wrong) => {
    let samples: Sample[] = []
    for (let i = 0; i < 8; i++) samples = exchange(samples, wrong, 1000 * i, 20 + i, 20 + i)
    expect(sessionTime(samples, 50_000 + wrong)).toBeCloseTo(50_000, 0)
  })

  it('takes the sample with the least round trip', () => {
    let samples = exchange([], 0, 0, 900, 100)
    samples = exchange(samples, 0, 5000, 10, 10)
    samples = exchange(samples, 0, 9000, 50, 1200)
    expect(sessionTime(samples, 20_000)).toBeCloseTo(20_000, 0)
  })

  it('runs at the session’s speed', () => {
    const samples = exchange([], 5000, 1000, 5, 5, 60_000)
    const one = sessionTime(samples, 11_000)!
    expect(sessionTime(samples, 12_000)! - one).toBeCloseTo(60_000, 3)
  })

  it('is unknown before the first exchange', () => {
    expect(sessionTime([], 1)).toBeUndefined()
  })
})

describe('what is left of a turn', () => {
  it.each([
    ['before it begins', turn({ begun_at: undefined }), 5000, undefined],
    ['at the first word', turn({}), 2000, 60_000],
    ['after ten seconds', turn({}), 12_000, 50_000],
    ['over the limit', turn({}), 65_000, -3000],
    ['with time added', turn({ added_ms: 30_000 }), 12_000, 80_000],
    ['after a pause', turn({ paused_ms: 4000 }), 12_000, 54_000],
    ['while it is paused', turn({ paused_since: 7000 }), 99_000, 55_000],
    ['when it is over', turn({ ended_at: 32_000 }), 99_000, 30_000],
    ['without an allotment yet', turn({ allotted_ms: undefined }), 12_000, undefined],
  ])('%s', (_name, of, now, want) => {
    expect(left(of, now)).toBe(want)
  })

  it.each([
    [60_000, 'calm'],
    [12_001, 'calm'],
    [12_000, 'amber'],
    [1, 'amber'],
    [0, 'red'],
    [-5000, 'red'],
  ] as const)('with %d ms of a minute left is %s', (ms, want) => {
    expect(tone(turn({}), ms)).toBe(want)
  })

  it.each([
    [61_000, '1:01'],
    [60_001, '1:01'],
    [400, '0:01'],
    [0, '0:00'],
    [-400, '0:00'],
    [-1000, '−0:01'],
    [-61_500, '−1:01'],
  ])('%d ms is written %s', (ms, want) => {
    expect(minutes(ms)).toBe(want)
  })
})

describe('a page that looks only when a number changes', () => {
  const numbers = (of: TurnView, now: number): string => {
    const ms = left(of, now)
    const second = Math.floor(now / 1000)
    if (ms === undefined) return `${second} ${Math.floor((now - of.given_at) / 1000)}`
    return `${second} ${minutes(ms)} ${span((of.ended_at ?? of.paused_since ?? now) - of.begun_at! - (of.paused_ms ?? 0))}`
  }

  it.each([
    ['that runs', turn({})],
    ['that was called and did not begin', turn({ given_at: 1234, begun_at: undefined })],
    [
      'with a part of a second in every length',
      turn({ begun_at: 2345, allotted_ms: 59_500, added_ms: 301, paused_ms: 77 }),
    ],
    ['that is over its time', turn({ begun_at: 2345, allotted_ms: 3210 })],
    ['that stands', turn({ begun_at: 2345, paused_since: 7890 })],
    ['that has ended', turn({ begun_at: 2345, ended_at: 7890 })],
  ])('misses none of a turn %s, and shows each at once', (_, of) => {
    // Every ms is looked at by the one, and only what the other was told to look at.
    let looks = 0
    let shown = ''
    let next = 8000
    for (let now = 8000; now < 20_000; now++) {
      if (now >= next) {
        looks++
        shown = numbers(of, now)
        next = now + Math.ceil(untilChange(of, now))
      }
      expect(shown, `at ${now}`).toBe(numbers(of, now))
    }
    expect(looks).toBeLessThanOrEqual(3 * 12 + 1)
  })
})
