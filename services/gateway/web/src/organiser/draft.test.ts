import { describe, expect, it } from 'vitest'
import type { SessionView } from '../lib/view'
import {
  changes,
  draftOf,
  endOf,
  fieldsIn,
  instantIn,
  knownZone,
  partChanges,
  take,
  type Draft,
  type Rules,
} from './draft'

const rules = { order: 'list', minimum_ms: 60_000, rights: { '*': ['statement'] } } as unknown as Rules

const draft = (): Draft => ({
  title: 'Consultation',
  date: '2026-11-23',
  time: '10:00',
  minutes: 90,
  zone: 'Europe/Zurich',
  languages: ['en', 'fr'],
  rules: structuredClone(rules),
  parts: [{ part: 'p1', kind: 'item', title: 'Item', minutes: 90, has_list: true }],
})

describe('an instant in a zone', () => {
  it.each([
    ['Europe/Zurich', '2026-11-23', '10:00', '2026-11-23T09:00Z'],
    ['Europe/Zurich', '2026-07-01', '10:00', '2026-07-01T08:00Z'],
    ['America/New_York', '2026-01-15', '23:30', '2026-01-16T04:30Z'],
    ['Asia/Kolkata', '2026-01-15', '00:15', '2026-01-14T18:45Z'],
    ['Pacific/Kiritimati', '2026-01-15', '01:00', '2026-01-14T11:00Z'],
    ['UTC', '2026-01-15', '12:00', '2026-01-15T12:00Z'],
    // Clocks go forward on 29 March: 02:30 is skipped, and 03:30 is meant.
    ['Europe/Zurich', '2026-03-29', '02:30', '2026-03-29T01:30Z'],
    ['Europe/Zurich', '2026-03-29', '03:30', '2026-03-29T01:30Z'],
    // They go back on 25 October: of two times 02:30 the first.
    ['Europe/Zurich', '2026-10-25', '02:30', '2026-10-25T00:30Z'],
  ])('%s %s %s', (zone, date, time, want) => {
    const at = instantIn(zone, date, time)!
    expect(new Date(at).toISOString()).toBe(new Date(want).toISOString())
  })

  it('is shown by the fields as it was written', () => {
    for (const zone of ['Europe/Zurich', 'America/St_Johns', 'Asia/Kathmandu', 'UTC', 'Pacific/Apia'])
      expect(fieldsIn(zone, instantIn(zone, '2026-05-06', '07:08')!)).toEqual({ date: '2026-05-06', time: '07:08' })
  })

  it('of an empty field is none', () => expect(instantIn('UTC', '', '10:00')).toBeUndefined())

  it.each([
    ['Europe/Zurich', true],
    ['Middle/Earth', false],
    ['', false],
  ])('knows the zone %j: %s', (zone, want) => expect(knownZone(zone)).toBe(want))
})

describe('a draft', () => {
  it('ends after its minutes, in whatever zone', () => {
    expect(new Date(endOf(draft())!).toISOString()).toBe('2026-11-23T10:30:00.000Z')
    expect(endOf({ ...draft(), time: '' })).toBeUndefined()
  })

  it('takes rules and agenda of a preset, and keeps what was written', () => {
    const agenda = [
      { kind: 'opening' as const, minutes: 5, has_list: false },
      { kind: 'item' as const, minutes: 30, has_list: true },
      { kind: 'item' as const, minutes: 25, limit_ms: 90_000, has_list: true },
    ]
    const preset = { id: 'x', minutes: 60, modalities: { ...rules, order: 'lot' }, agenda }
    const taken = take(draft(), preset, (kind, n) => `${kind} ${n}`)
    expect(taken.title).toBe('Consultation')
    expect(taken.minutes).toBe(60)
    expect(taken.rules.order).toBe('lot')
    expect(taken.parts.map((part) => part.title)).toEqual(['opening 0', 'item 1', 'item 2'])
    expect(taken.parts.every((part) => part.part === undefined)).toBe(true)
    // The preset's own stays as it is when the draft is changed.
    taken.rules.rights['*']!.push('question')
    expect(preset.modalities.rights['*']).toEqual(['statement'])
  })

  it('says only what was changed', () => {
    expect(changes(draft(), draft())).toBeUndefined()
    expect(changes(draft(), { ...draft(), title: 'Other' })).toEqual({ title: 'Other' })
    expect(changes(draft(), { ...draft(), minutes: 60 })).toEqual({ hard_end: Date.parse('2026-11-23T10:00Z') })
    expect(changes(draft(), { ...draft(), time: '11:00' })).toEqual({
      planned_start: Date.parse('2026-11-23T10:00Z'),
      hard_end: Date.parse('2026-11-23T11:30Z'),
    })
    const other = draft()
    other.rules.minimum_ms = 45_000
    expect(changes(draft(), other)).toEqual({ modalities: other.rules })
  })

  it('adds new parts and changes old ones', () => {
    const after = draft()
    after.parts[0]!.title = 'First item'
    after.parts.push({ kind: 'closing', title: 'Closing', minutes: 5, has_list: false })
    expect(partChanges(draft(), draft())).toEqual([])
    expect(partChanges(draft(), after).map(({ verb, args }) => [verb, args.title])).toEqual([
      ['change_part', 'First item'],
      ['add_part', 'Closing'],
    ])
  })

  it('is made of a session that is there', () => {
    const session = {
      title: 'Consultation',
      planned_start: Date.parse('2026-11-23T09:00Z'),
      hard_end: Date.parse('2026-11-23T10:30Z'),
      zone: 'Europe/Zurich',
      languages: ['en', 'fr'],
      modalities: rules,
    } as unknown as SessionView
    const part = { id: 'p1', kind: 'item', title: 'Item', minutes: 90, has_list: true, list: 'draft' as const }
    expect(draftOf(session, [part])).toEqual(draft())
  })
})
