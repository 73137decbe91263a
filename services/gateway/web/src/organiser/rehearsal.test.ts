import { describe, expect, it } from 'vitest'
import { barsOf, type Published } from './record'
import { lines, watched, type RehearsedTurn } from './rehearsal'

const turn = (place: number, called_ms: number, ended_ms: number): RehearsedTurn => ({
  place,
  group: 'g',
  called_ms,
  begun_ms: called_ms + 10,
  ended_ms,
  offered_ms: 100,
  used_ms: 90,
})

const stream = (...pieces: string[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece))
      controller.close()
    },
  })

async function all(source: AsyncGenerator<string>): Promise<string[]> {
  const found: string[] = []
  for await (const line of source) found.push(line)
  return found
}

describe('the lines of a rehearsal', () => {
  it.each([
    [
      ['{"a":1}\n{"b"', ':2}\n'],
      ['{"a":1}', '{"b":2}'],
    ],
    [
      ['{"a":1}\n\n', '{"last":true}'],
      ['{"a":1}', '{"last":true}'],
    ],
    [[], []],
  ])('%j', async (pieces, want) => expect(await all(lines(stream(...pieces)))).toEqual(want))
})

describe('what was watched of a rehearsal', () => {
  const turns = [turn(1, 0, 100), turn(2, 100, 250)]
  it.each([
    [-1, 0, undefined],
    [0, 0, 1],
    [99, 0, 1],
    [100, 1, 2],
    [250, 2, undefined],
  ])('at %d: %d are over, place %s speaks', (at, over, place) => {
    const seen = watched(turns, at)
    expect(seen.over).toHaveLength(over)
    expect(seen.running?.place).toBe(place)
  })
})

describe('the turns of a record', () => {
  it('are drawn against all that was given, and cut when somebody else ended one that was over', () => {
    const one = { number: 1, organisation: 'A', begun_at_ms: 0, offered_ms: 60_000, used_ms: 70_000 }
    const record = {
      turns: [
        { ...one, how: 'ended' },
        { ...one, added_ms: 15_000, how: 'ended' },
        { ...one, how: 'yielded' },
      ],
    } as Published
    expect(barsOf(record)).toEqual([
      { offered_ms: 60_000, used_ms: 70_000, cut: true },
      { offered_ms: 75_000, used_ms: 70_000, cut: false },
      { offered_ms: 60_000, used_ms: 70_000, cut: false },
    ])
  })
})
