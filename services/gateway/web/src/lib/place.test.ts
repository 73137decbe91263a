import { describe, expect, it } from 'vitest'
import { entry, example, me, speaking } from './example'
import { before, exchangeable, joinable, may, mine, myTurn, swaps } from './place'

describe('one’s own standing', () => {
  const view = example({
    entries: {
      done: entry('done', 0, { state: 'spoken' }),
      later: entry('later', 1, { part: 'questions' }),
      soon: entry('soon', 2),
      point: entry('point', 0, { state: 'raised', kind: 'point_of_order' }),
      other: entry('other', 1),
    },
    lists: { item: ['other', 'soon'], questions: ['later'] },
  })

  it('puts first what is most urgent, and the running part before later ones', () => {
    expect(mine(view, me({ entries: ['done', 'later', 'soon', 'point', 'gone'] })).map((e) => e.id)).toEqual([
      'point',
      'soon',
      'later',
      'done',
    ])
  })

  it('knows who is before, and with whom places may be exchanged', () => {
    const soon = view.entries.soon!
    expect(before(view, soon).map((e) => e.id)).toEqual(['other'])
    expect(exchangeable(view, soon).map((e) => e.id)).toEqual(['other'])
    view.entries.other = entry('other', 1, { kind: 'question' })
    expect(exchangeable(view, soon)).toEqual([])
  })

  it('has the floor by one’s own entry or by the lead of a joint statement', () => {
    expect(myTurn(speaking(), me())?.id).toBe('t1')
    expect(myTurn(speaking(), me({ entries: ['b'] }))).toBeUndefined()
    const joint = speaking()
    joint.entries.b = entry('b', 0, { state: 'merged', merged_into: 'a' })
    expect(myTurn(joint, me({ entries: ['b'] }))?.id).toBe('t1')
  })

  it.each([
    ['waiting', 'waiting', ['questions']],
    ['spoken', 'spoken', ['questions']],
    ['withdrawn', 'withdrawn', ['item', 'questions']],
    ['not reached', 'not_reached', ['item', 'questions']],
  ] as const)('may join what one is not on: %s', (_name, state, want) => {
    const own = example({ entries: { a: entry('a', 1, { state }) } })
    expect(joinable(own, me()).map((part) => part.id)).toEqual(want)
  })

  it('sorts proposals by who made them', () => {
    const to = { id: 's1', entry: 'x', with: 'a' }
    const from = { id: 's2', entry: 'a', with: 'x' }
    expect(swaps(me({ swaps: { s1: to, s2: from } }), 'a')).toEqual({ asked: [to], made: [from] })
  })
})

describe('the rights matrix', () => {
  const view = example()
  view.session.modalities.rights = { '*': ['statement'], state: ['statement', 'point_of_order'] }
  view.applicants = {
    'applicant-a': { id: 'applicant-a', organisation: 'A', category: 'state', state: 'accepted' },
    'applicant-b': { id: 'applicant-b', organisation: 'B', category: 'stakeholder', state: 'accepted' },
  }
  it.each([
    ['applicant-a', 'point_of_order', true],
    ['applicant-b', 'point_of_order', false],
    ['applicant-b', 'statement', true],
    ['nobody', 'statement', true],
  ] as const)('%s, %s: %s', (applicant, kind, want) => expect(may(view, me({ applicant }), kind)).toBe(want))
})
