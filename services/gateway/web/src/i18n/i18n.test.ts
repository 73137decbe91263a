import { beforeAll, describe, expect, it } from 'vitest'
import { bare, choose, direction, name, pieces, speak, t } from '.'
import en from './en'

beforeAll(() => speak(['en']))

describe('the catalogue', () => {
  it('has both plural forms of each plural', () => {
    const keys = new Set<string>(Object.keys(en))
    for (const key of keys) {
      if (key.endsWith('_one')) expect(keys, key).toContain(key.replace(/_one$/, '_other'))
    }
  })

  it('chooses the plural form', () => {
    expect(t('adjourn.some', { count: 1 })).toMatch(/^1 speaker has/)
    expect(t('adjourn.some', { count: 7 })).toMatch(/^7 speakers have/)
  })

  it('does not escape what Svelte escapes', () => {
    expect(t('act.give', { who: 'A & B <C>' })).toBe('Give the floor to A & B <C>')
  })
})

describe('languages', () => {
  it.each([
    [['fr-CH', 'en-GB'], ['en', 'fr'], 'fr'],
    [['de', 'ar-EG'], ['en', 'ar'], 'ar'],
    [['de'], ['en', 'fr'], 'en'],
    [[], ['en'], 'en'],
  ])('of %j among %j: %s', (wished, there, want) => expect(choose(wished, there)).toBe(want))

  it('knows which are written from right to left', () => {
    expect(['ar', 'ar-EG', 'en', 'zh'].map(direction)).toEqual(['rtl', 'rtl', 'ltr', 'ltr'])
  })
})

describe('names in texts', () => {
  it('are set apart', () => {
    expect(pieces(t('act.give', { who: name('شركة') }))).toEqual([
      { text: 'Give the floor to ', isolated: false },
      { text: 'شركة', isolated: true },
    ])
  })
  it('stay whole when one holds another', () => {
    expect(pieces(`a ${name(`b ${name('c')} d`)} e`)).toEqual([
      { text: 'a ', isolated: false },
      { text: 'b c d', isolated: true },
      { text: ' e', isolated: false },
    ])
  })
  it('leave no mark behind in titles', () => expect(bare(`a ${name('b')}`)).toBe('a b'))
  it('of nothing are nothing', () => expect(name('')).toBe(''))
})
