import { describe, expect, it } from 'vitest'
import { commandOf, expectOf, identity, primary, silent, spoken, type Act } from './act'
import { entry, example, now, speaking, turn } from './example'
import type { View } from './view'

const called = (more = {}, change = {}): View => speaking({ begun_at: undefined, ...more }, change)
const limits = (modalities: Partial<View['session']['modalities']>): View['session'] => ({
  ...example().session,
  modalities: { ...example().session.modalities, ...modalities },
})

describe('the next sensible act', () => {
  const on = { turn: 't1', entry: 'a' }
  it.each<[string, View, number | undefined, Act]>([
    ['before the start', example({ session: { phase: 'planned' } }), now, { kind: 'start' }],
    ['suspended', example({ session: { phase: 'suspended' } }), now, { kind: 'resume_session' }],
    ['suspended in a turn', speaking({}, { session: { phase: 'suspended' } }), now, { kind: 'resume_session' }],
    ['adjourned', example({ session: { phase: 'adjourned' } }), now, { kind: 'nothing' }],
    ['somebody waits', example(), now, { kind: 'give', entry: 'b' }],
    ['just called', called(), now, { kind: 'begin', ...on }],
    ['called, and the clock is not known yet', called(), undefined, { kind: 'begin', ...on }],
    ['silent for h_max to the millisecond', called({ given_at: now - 20_000 }), now, { kind: 'begin', ...on }],
    ['silent for longer', called({ given_at: now - 20_001 }), now, { kind: 'step_back', ...on }],
    ['silent by the server’s timer', called({ silent: true }), undefined, { kind: 'step_back', ...on }],
    [
      'silent where nothing can tell a begin',
      called({ given_at: now - 60_000 }, { session: limits({ evidence: 'none' }) }),
      now,
      { kind: 'begin', ...on },
    ],
    [
      'silent while the clock stands',
      called({ given_at: now - 60_000, paused_since: now - 50_000 }),
      now,
      { kind: 'begin', ...on },
    ],
    ['speaking', speaking(), now, { kind: 'end', ...on }],
    ['at the limit', speaking({ begun_at: now - 60_000 }), now, { kind: 'end', ...on }],
    ['in the grace', speaking({ begun_at: now - 64_999 }), now, { kind: 'end', ...on }],
    ['after the grace', speaking({ begun_at: now - 65_000 }), now, { kind: 'thank', ...on, next: 'b' }],
    ['after the grace, extended', speaking({ begun_at: now - 65_000, added_ms: 30_000 }), now, { kind: 'end', ...on }],
    [
      'after the grace, paused before it',
      speaking({ begun_at: now - 65_000, paused_since: now - 10_000 }),
      now,
      { kind: 'end', ...on },
    ],
    [
      'after the grace, nobody waits',
      speaking({ begun_at: now - 65_000 }, { floor: { turn: 't1', next: undefined } }),
      now,
      { kind: 'thank_end', ...on },
    ],
    [
      'after the grace in soft mode',
      speaking({ begun_at: now - 99_000 }, { session: limits({ limit: 'soft' }) }),
      now,
      { kind: 'end', ...on },
    ],
    [
      'a point of order in a turn',
      speaking({}, { floor: { turn: 't1', point: 'p', next: 'b' } }),
      now,
      { kind: 'rule', point: 'p', entry: 'a' },
    ],
    ['a point of order between turns', example({ floor: { point: 'p' } }), now, { kind: 'rule', point: 'p' }],
    [
      'a part without a list',
      example({ session: { part: 'opening' }, floor: { next: undefined } }),
      now,
      { kind: 'start_part', part: 'item' },
    ],
    ['the list is through', through('closed'), now, { kind: 'start_part', part: 'questions' }],
    ['an open list that is through', through('open', true), now, { kind: 'start_part', part: 'questions' }],
    ['an open list that nobody joined yet', through('open'), now, { kind: 'wait' }],
    ['the last list is through', last(), now, { kind: 'adjourn' }],
  ])('%s', (_name, view, at, want) => {
    expect(primary(view, at)).toEqual(want)
  })
})

function through(list: 'open' | 'closed', spoke = false): View {
  const view = example({ floor: { next: undefined }, lists: { item: [], questions: [] } })
  view.parts.item!.list = list
  if (spoke) view.turns.t1 = turn({ begun_at: now - 9000, ended_at: now - 1000 })
  return view
}

function last(): View {
  const view = through('closed')
  view.session.part = 'questions'
  view.parts.questions!.list = 'closed'
  return view
}

describe('the command of an act', () => {
  it.each<[Act, ReturnType<typeof commandOf>]>([
    [{ kind: 'start' }, { verb: 'start_session' }],
    [{ kind: 'resume_session' }, { verb: 'resume_session' }],
    [
      { kind: 'start_part', part: 'item' },
      { verb: 'start_part', args: { part: 'item' } },
    ],
    [{ kind: 'give', entry: 'b' }, { verb: 'next' }],
    [{ kind: 'thank', turn: 't', entry: 'a', next: 'b' }, { verb: 'next' }],
    [
      { kind: 'begin', turn: 't', entry: 'a' },
      { verb: 'begin', args: { turn: 't' } },
    ],
    [
      { kind: 'step_back', turn: 't', entry: 'a' },
      { verb: 'step_back', args: { turn: 't' } },
    ],
    [
      { kind: 'end', turn: 't', entry: 'a' },
      { verb: 'end', args: { turn: 't' } },
    ],
    [
      { kind: 'thank_end', turn: 't', entry: 'a' },
      { verb: 'end', args: { turn: 't' } },
    ],
    [
      { kind: 'rule', point: 'p' },
      { verb: 'rule', args: { entry: 'p', ruling: 'noted' } },
    ],
    // What cannot be taken back with one key is asked first.
    [{ kind: 'adjourn' }, undefined],
    [{ kind: 'wait' }, undefined],
    [{ kind: 'nothing' }, undefined],
  ])('%j', (act, want) => expect(commandOf(act)).toEqual(want))

  it('is another control when its entry is another', () => {
    expect(identity({ kind: 'give', entry: 'a' })).not.toBe(identity({ kind: 'give', entry: 'b' }))
  })
})

describe('what a command expects', () => {
  const view = speaking({}, { floor: { turn: 't1', next: 'b', undo: 'act-1' } })
  it.each<[string, Record<string, unknown> | undefined, unknown]>([
    ['next', undefined, { turn: 't1', entry: 'b' }],
    ['give', { entry: 'c' }, { turn: 't1', entry: 'c' }],
    ['undo', { act: 'act-1' }, { act: 'act-1' }],
    ...['begin', 'yield', 'end', 'withdraw_floor', 'step_back', 'no_show', 'reassign', 'prompt'].map(
      (verb): [string, Record<string, unknown>, unknown] => [verb, { turn: 't1' }, { turn: 't1' }],
    ),
    ...['extend_turn', 'pause_turn', 'resume_turn'].map((verb): [string, Record<string, unknown>, unknown] => [
      verb,
      { turn: 't1' },
      { turn: 't1' },
    ]),
    ['move', { entry: 'c', before: 'b' }, { entries: { c: 'waiting', b: 'waiting' } }],
    ['move', { entry: 'b', after: 'c' }, { entries: { b: 'waiting', c: 'waiting' } }],
    ['merge', { lead: 'b', members: ['c'] }, { entries: { b: 'waiting', c: 'waiting' } }],
    ['swap', { entry: 'b', with: 'c' }, { entries: { b: 'waiting', c: 'waiting' } }],
    ['split', { entry: 'b' }, { entries: { b: 'waiting' } }],
    ['adjourn', {}, { plan: 'plan-1' }],
    ['set_minimum', { minimum_ms: 1 }, { plan: 'plan-1' }],
    ['break_guarantee', {}, { plan: 'plan-1' }],
    ...['join', 'withdraw', 'check_in', 'start_session', 'admit_point', 'rule', 'announce'].map(
      (verb): [string, Record<string, unknown>, unknown] => [verb, {}, undefined],
    ),
  ])('%s %j', (verb, args, want) => expect(expectOf(view, verb, args)).toEqual(want))

  it('says that the floor is free by an empty turn', () => {
    expect(expectOf(example(), 'next')).toEqual({ turn: '', entry: 'b' })
    expect(expectOf(example({ floor: { next: undefined } }), 'next')).toEqual({ turn: '', entry: '' })
  })
})

describe('who is thanked and called', () => {
  it.each<[string, View, Act, ReturnType<typeof spoken>]>([
    ['the first call thanks nobody', example(), { kind: 'give', entry: 'b' }, { next: 'b', after: 'c' }],
    [
      'a call thanks the one before',
      example({ turns: { t1: turn({ begun_at: now - 9000, ended_at: now }) }, turn_order: ['t1'] }),
      { kind: 'give', entry: 'b' },
      { thank: 'a', next: 'b', after: 'c' },
    ],
    [
      'a call thanks nobody who never spoke',
      example({ turns: { t1: turn({ ended_at: now, how: 'no_show' }) }, turn_order: ['t1'] }),
      { kind: 'give', entry: 'b' },
      { next: 'b', after: 'c' },
    ],
    ['in a turn', speaking(), { kind: 'end', turn: 't1', entry: 'a' }, { thank: 'a', next: 'b', after: 'c' }],
    ['called', called(), { kind: 'begin', turn: 't1', entry: 'a' }, { next: 'a', after: 'b' }],
    ['the last one', speaking(), { kind: 'thank_end', turn: 't1', entry: 'a' }, { thank: 'a' }],
    ['before the start', example(), { kind: 'start' }, {}],
  ])('%s', (_name, view, act, want) => {
    const got = spoken(view, act)
    expect({ thank: got.thank, next: got.next, after: got.after }).toEqual({
      thank: undefined,
      next: undefined,
      after: undefined,
      ...want,
    })
  })
})

it('finds nobody silent while a point of order is heard', () => {
  expect(silent(called({ given_at: now - 60_000 }), now)).toBe(true)
  expect(silent(called({ given_at: now - 60_000 }, { floor: { turn: 't1', point: 'p' } }), now)).toBe(false)
  expect(silent(example({ entries: { a: entry('a', 1) } }), now)).toBe(false)
})
