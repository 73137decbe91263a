import { describe, expect, it } from 'vitest'
import { entry, example, now, speaking } from '../lib/example'
import type { Presence, TrackView, View } from '../lib/view'
import { alarms, away, grave } from './alarms'

const here: Presence = { known: true, connected: ['a', 'b', 'c'], observers: 0 }
const kinds = (view: View, presence: Presence | undefined = here, at = now): string[] =>
  alarms(view, presence, at).map((alarm) => alarm.kind)

const track = (state: TrackView['state']): TrackView => ({ track: 'en', epoch: 1, state, missing_since: now - 9000 })

describe('Alarms: captions silent, speaker away, behind by N min', () => {
  it('are none while all is well', () => expect(kinds(speaking())).toEqual([]))

  it('tell of captions that are silent while somebody speaks, and only then', () => {
    expect(kinds(speaking({}, { tracks: { en: track('interrupted') } }))).toEqual(['captions'])
    for (const state of ['idle', 'live', 'held'] as const)
      expect(kinds(speaking({}, { tracks: { en: track(state) } }))).toEqual([])
  })

  it('tell of the booth: lost interpretation and no sound in red and first, slow down while it is shown', () => {
    const booth = (troubles: NonNullable<View['booth']>['troubles']): Partial<View> => ({
      booth: { troubles, microphone: { seq: 1 } },
    })
    const at = { since: now - 5000, by: 'interpreter' }
    const both = alarms(
      speaking({}, booth({ no_sound: at, interpretation_lost: { ...at, language: 'fr' } })),
      here,
      now,
    )
    expect(both).toEqual([
      { kind: 'interpretation_lost', at: now - 5000, language: 'fr' },
      { kind: 'no_sound', at: now - 5000 },
    ])
    expect(both.every(grave)).toBe(true)
    const { id } = Object.values(speaking().turns)[0]!
    const slow = { ...at, turn: id, until: now + 1 }
    expect(kinds(speaking({}, booth({ slow_down: slow })))).toEqual(['slow_down'])
    expect(kinds(speaking({}, booth({ slow_down: { ...slow, until: now } })))).toEqual([])
    expect(kinds(speaking({}, booth({ slow_down: { ...slow, turn: 'another' } })))).toEqual([])
  })

  it('tell of the end of interpretation once a timer noted that it is near, and what became of a request', () => {
    const end = (more: Partial<NonNullable<View['booth']>>): View =>
      speaking({}, { booth: { interpretation_end: now + 480_000, microphone: { seq: 1 }, ...more } })
    expect(kinds(end({}))).toEqual([])
    expect(alarms(end({ end_soon: true, asked: now + 900_000 }), here, now)).toEqual([
      { kind: 'interpretation_end', at: now + 480_000, minutes: 8, asked: now + 900_000, declined: undefined },
    ])
    const over = alarms(end({ interpretation_end: now - 1, end_soon: true, end_over: true }), here, now)
    expect(over).toMatchObject([{ kind: 'interpretation_end', minutes: 0 }])
  })

  it('tell of somebody who was called and is not there, until they were seen to begin', () => {
    const gone: Presence = { ...here, connected: ['b', 'c'] }
    const called = speaking({ begun_at: undefined })
    called.entries.a = { ...called.entries.a!, presence: 'seen' }
    expect(kinds(called, gone)).toEqual(['holder_away'])
    expect(kinds({ ...speaking(), entries: called.entries }, gone)).toEqual([])
  })

  it('tell of the next three who are missing, and of nobody further back', () => {
    const view = example()
    view.entries = Object.fromEntries(
      ['b', 'c', 'd', 'e', 'f'].map((id, i) => [id, entry(id, i + 1, { presence: 'seen' })]),
    )
    view.lists.item = ['b', 'c', 'd', 'e', 'f']
    expect(kinds(view, { known: true, connected: ['b'], observers: 0 })).toEqual(['next_away', 'next_away'])
  })

  it('take nobody for missing where connections are not known', () => {
    const seen = example()
    for (const [id, one] of Object.entries(seen.entries)) seen.entries[id] = { ...one, presence: 'seen' }
    expect(kinds(seen, { known: false, connected: null, observers: 0 })).toEqual([])
    expect(kinds(seen, undefined)).toEqual([])
  })

  it('count minutes behind, rounded up', () => {
    const end = example().session.hard_end + 61_000
    expect(alarms(example({ plan: { end } }), here, now)).toEqual([{ kind: 'behind', minutes: 2 }])
  })

  it('put overtime and a promise at risk first, and mark them as grave', () => {
    const view = speaking({}, { plan: { at_risk: true }, tracks: { en: track('interrupted') } })
    const all = alarms(view, here, view.session.hard_end)
    expect(all.map((alarm) => [alarm.kind, grave(alarm)])).toEqual([
      ['overtime', true],
      ['at_risk', true],
      ['captions', false],
    ])
  })

  it('are silent before the session and after it', () => {
    for (const phase of ['planned', 'adjourned'] as const)
      expect(kinds(example({ session: { phase }, plan: { at_risk: true } }), { ...here, connected: [] })).toEqual([])
  })
})

describe('away', () => {
  it.each([
    ['reported absent', { absent: true }, here, true],
    ['on the line', {}, here, false],
    ['checked in, no line', { checked_in: true }, { ...here, connected: [] }, false],
    ['in the room, no line', { presence: 'room' as const }, { ...here, connected: [] }, false],
    ['seen today, no line now', { presence: 'seen' as const }, { ...here, connected: [] }, true],
    ['never seen', {}, { ...here, connected: null }, false],
  ])('%s', (_name, more, presence, want) => expect(away(entry('b', 1, more), presence)).toBe(want))
})
