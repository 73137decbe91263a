import { beforeAll, describe, expect, it } from 'vitest'
import { speak } from '../i18n'
import { assertive, isNew, text, vibration } from './notice'
import type { Notice } from './view'

beforeAll(() => speak(['speaker'], ['en']))

const kinds: Notice['kind'][] = [
  'called',
  'warning',
  'expired',
  'next',
  'third',
  'fifth',
  'standby',
  'not_reached',
  'swap_asked',
]

describe('a notice', () => {
  it.each(kinds)('%s has words', (kind) => {
    expect(text({ kind })).toMatch(/^[A-Z].{8,}/)
    expect(text({ kind })).not.toContain('notice.')
  })

  it('vibrates the longest when the floor is theirs', () => {
    const length = (kind: Notice['kind']) => vibration(kind).reduce((sum, ms) => sum + ms, 0)
    for (const kind of kinds) if (kind !== 'called') expect(length(kind)).toBeLessThan(length('called'))
    expect(length('fifth')).toBeGreaterThan(0)
  })

  it('interrupts only for what cannot wait', () => {
    expect(kinds.filter(assertive)).toEqual(['called', 'expired', 'next'])
  })

  it.each<[string, Notice | undefined, Notice | undefined, boolean]>([
    ['the first', undefined, { kind: 'next', entry: 'a' }, true],
    ['the same again', { kind: 'next', entry: 'a' }, { kind: 'next', entry: 'a' }, false],
    ['more urgent', { kind: 'next', entry: 'a' }, { kind: 'called', entry: 'a', turn: 't' }, true],
    [
      'called a second time',
      { kind: 'called', entry: 'a', turn: 't' },
      { kind: 'called', entry: 'a', turn: 'u' },
      true,
    ],
    ['another entry', { kind: 'next', entry: 'a' }, { kind: 'next', entry: 'b' }, true],
    ['gone', { kind: 'next', entry: 'a' }, undefined, false],
  ])('%s is told: %#', (_name, before, after, want) => expect(isNew(before, after)).toBe(want))
})
