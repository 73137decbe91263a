import { describe, expect, it } from 'vitest'
import { entry, example, now } from './example'
import { behind, changes, costOfOneMore, groups, type Rung } from './plan'

const rung = (effects: Rung['effects'], more: Partial<Rung> = {}): Rung => ({
  kind: 'lower_minimum',
  fits: true,
  heard: 2,
  aside: 0,
  minimum_ms: 45_000,
  slot_ms: 62_000,
  verb: 'set_minimum',
  args: { minimum_ms: 45_000 },
  effects,
  ...more,
})

describe('The ladder of choices with the effect of each before it is confirmed', () => {
  const view = example({
    entries: {
      b: entry('b', 1, { allotment_ms: 84_000 }),
      c: entry('c', 2, { allotment_ms: 84_000 }),
      d: entry('d', 3, { allotment_ms: 60_000 }),
      e: entry('e', 4, { reached: false }),
    },
  })

  it('says who gets less, who is heard after all, who is left aside', () => {
    const all = changes(
      view,
      rung([
        { entries: ['b', 'c'], allotment_ms: 62_000, reached: true },
        { entries: ['d'], allotment_ms: 0, reached: false, aside: true },
        { entries: ['e'], allotment_ms: 62_000, reached: true },
      ]),
    )
    expect(all.map(({ kind, entries, from, to }) => [kind, entries.map((one) => one.id).join(), from, to])).toEqual([
      ['aside', 'd', 60_000, 0],
      ['less', 'b,c', 84_000, 62_000],
      ['reached', 'e', 0, 62_000],
    ])
  })

  it('keeps those apart who have different times now', () => {
    const all = changes(view, rung([{ entries: ['b', 'd'], allotment_ms: 70_000, reached: true }]))
    expect(all.map(({ kind, from }) => [kind, from])).toEqual([
      ['less', 84_000],
      ['more', 60_000],
    ])
  })

  it('says who is no longer heard', () => {
    const all = changes(view, rung([{ entries: ['b'], allotment_ms: 0, reached: false }]))
    expect(all.map(({ kind }) => kind)).toEqual(['unreached'])
  })

  it('leaves out entries that are not in the view, and changes nothing without effects', () => {
    expect(changes(view, rung([{ entries: ['gone'], allotment_ms: 1, reached: true }]))).toEqual([])
    expect(changes(view, rung(null))).toEqual([])
  })
})

describe('one more on the list', () => {
  it.each([
    [84_000, 82_200, 1800],
    [60_000, 60_000, 0],
    [60_000, 61_000, 0],
  ])('%i ms against %i ms costs everyone %i ms', (slot_ms, slot_with_one_more_ms, want) => {
    expect(costOfOneMore({ ...example().plan, slot_ms, slot_with_one_more_ms })).toBe(want)
  })
  it('costs nothing that is known before the plan is there', () => {
    expect(costOfOneMore(example().plan)).toBeUndefined()
  })
})

describe('behind', () => {
  it.each([
    ['in time', { end: now + 1000, waiting: 2 }, 0],
    ['late', { end: example().session.hard_end + 120_000, waiting: 2 }, 120_000],
    ['nobody waits', { end: example().session.hard_end + 120_000, waiting: 0 }, 0],
  ])('%s', (_name, plan, want) => expect(behind(example({ plan }))).toBe(want))

  it('is against the part’s own deadline where it has one', () => {
    const view = example({ plan: { end: now + 90_000, waiting: 1 } })
    view.parts.item!.deadline = now
    expect(behind(view)).toBe(90_000)
  })
})

describe('the balance of the groups', () => {
  it('counts each organisation of a joint statement as heard with it, and what is due by number', () => {
    const view = example({
      entries: {
        a: entry('a', 0, { group: 'CS', state: 'spoken', members: ['b'] }),
        b: entry('b', 0, { group: 'CS', state: 'merged', merged_into: 'a' }),
        c: entry('c', 1, { group: 'PS' }),
        d: entry('d', 2, { group: undefined }),
        q: entry('q', 3, { group: 'PS', kind: 'question', state: 'spoken' }),
        w: entry('w', 0, { group: 'PS', state: 'withdrawn' }),
      },
    })
    expect(groups(view)).toEqual([
      { name: 'CS', all: 2, heard: 2, waiting: 0, due: 1 },
      { name: 'PS', all: 1, heard: 0, waiting: 1, due: 0.5 },
      { name: 'unspecified', all: 1, heard: 0, waiting: 1, due: 0.5 },
    ])
  })
  it('of nobody is nothing', () => expect(groups(example({ entries: {} }))).toEqual([]))
})
