import { beforeEach, describe, expect, it } from 'vitest'
import { bare, choose, clock, decimal, direction, known, list, name, number, percent, pieces, speak, t } from '.'
import { files, filled, forms, languages, type Area, type Language } from './catalogue'

const all = Object.keys(languages) as Language[]
const areas = Object.keys(files.en) as Area[]

async function texts(language: Language): Promise<Record<string, string>> {
  const loaded = await Promise.all(areas.map((area) => files[language][area]()))
  return Object.assign({}, ...loaded.map((area) => area.default)) as Record<string, string>
}

const placeholders = (text: string): string[] => [...text.matchAll(/{{(.*?)}}/g)].map((found) => found[1]!).toSorted()
const stem = (key: string): string => key.replace(/_(zero|one|two|few|many|other)$/, '')

const english = await texts('en')

describe.each(all)('the catalogue %s', async (language) => {
  const own = await texts(language)
  const plurals = new Set(
    Object.keys(english)
      .filter((key) => key.endsWith('_other'))
      .map(stem),
  )

  // The types say the same; this says it of what is shipped, and of the languages' own plural rules.
  it('has every text in every plural form of the language, and no other', () => {
    const rules = new Intl.PluralRules(language).resolvedOptions().pluralCategories
    const want = new Set(
      Object.keys(english).flatMap((key) =>
        plurals.has(stem(key)) && key !== stem(key) ? forms[language].map((form) => `${stem(key)}_${form}`) : [key],
      ),
    )
    expect(Object.keys(own).toSorted()).toEqual([...want].toSorted())
    const whole = filled(language, own)
    for (const plural of plurals) for (const form of rules) expect(whole).toHaveProperty([`${plural}_${form}`])
  })

  it('fills the same placeholders as English', () => {
    for (const [key, text] of Object.entries(own)) {
      const plural = plurals.has(stem(key)) && key !== stem(key)
      const want = placeholders(english[plural ? `${stem(key)}_other` : key]!)
      // "One speaker", "nobody": a form that stands for one number need not say it, and none need not say how long.
      const found = placeholders(text)
      const may = plural && /_(zero|one|two)$/.test(key) ? want.filter((one) => found.includes(one)) : want
      if (/_(one|two)$/.test(key))
        expect(found, key).toEqual(expect.arrayContaining(want.filter((one) => one !== 'count')))
      expect(found, key).toEqual(may)
    }
  })

  it('has no empty text, no space at an end, and no mark of another language’s direction', () => {
    for (const [key, text] of Object.entries(own)) {
      expect(text.trim(), key).toBe(text)
      expect(text, key).not.toBe('')
      expect(text, key).not.toMatch(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/)
    }
  })

  it('is written in the language’s own script', () => {
    const script = { ar: /\p{Script=Arabic}/u, zh: /\p{Script=Han}/u, ru: /\p{Script=Cyrillic}/u }[language as 'ar']
    // What is the same everywhere: the program's name, two numbers, and a name with its pronunciation.
    const same = new Set(['app.name', 'eta.clock', 'say.person_of', 'say.pronounced', 'time.utc'])
    for (const [key, text] of Object.entries(own)) if (script && !same.has(key)) expect(text, key).toMatch(script)
    if (language !== 'en' && !script) {
      const equal = Object.entries(own).filter(
        ([key, text]) => text === english[key] && text.replaceAll(/{{.*?}}/g, '').length > 12 && !same.has(key),
      )
      expect(equal).toEqual([])
    }
  })
})

describe('plural forms', () => {
  it.each([
    ['ar', 0, 'zero'],
    ['ar', 1, 'one'],
    ['ar', 2, 'two'],
    ['ar', 3, 'few'],
    ['ar', 10, 'few'],
    ['ar', 11, 'many'],
    ['ar', 99, 'many'],
    ['ar', 100, 'other'],
    ['ar', 102, 'other'],
    ['ar', 103, 'few'],
    ['ru', 1, 'one'],
    ['ru', 3, 'few'],
    ['ru', 11, 'many'],
    ['ru', 21, 'one'],
    ['ru', 112, 'many'],
    ['fr', 0, 'one'],
    ['fr', 2, 'other'],
    ['es', 0, 'other'],
    ['zh', 1, 'other'],
    ['en', 1, 'one'],
    ['en', 0, 'other'],
  ] as const)('%s %i is %s', async (language, count, form) => {
    await speak(areas, [language])
    const own = await texts(language)
    expect(t('adjourn.some', { count })).toBe(own[`adjourn.some_${form}`]!.replace('{{count}}', number(count)))
  })

  it('of whole millions in French and Spanish follow the other plurals', async () => {
    await speak(areas, ['fr'])
    expect(t('list.waiting', { count: 1_000_000 })).toContain(number(1_000_000))
  })
})

describe('texts', () => {
  beforeEach(() => speak(areas, ['en']))

  it('do not escape what Svelte escapes', () => {
    expect(t('act.give', { who: 'A & B <C>' })).toBe('Give the floor to A & B <C>')
  })

  it('are known or not', () => {
    expect(known('act.give')).toBe(true)
    expect(known('verb.fly')).toBe(false)
  })
})

describe('languages', () => {
  it.each([
    [['fr-CH', 'en-GB'], 'fr'],
    [['de', 'ar-EG'], 'ar'],
    [['ZH-Hant-TW'], 'zh'],
    [['de'], 'en'],
    [[], 'en'],
  ])('of %j: %s', (wished, want) => expect(choose(wished)).toBe(want))

  it('knows which are written from right to left', () => {
    expect(['ar', 'ar-EG', 'en', 'zh', 'de'].map(direction)).toEqual(['rtl', 'rtl', 'ltr', 'ltr', 'ltr'])
  })
})

describe('numbers', () => {
  it.each([
    ['en', '1,234', '0:07', '1.5', '45%', 'A, B, and C'],
    ['fr-CH', '1 234', '0:07', '1,5', '45%', 'A, B et C'],
    ['ar-EG', '١٬٢٣٤', '٠:٠٧', '١٫٥', '٤٥٪', 'A وB وC'],
    ['ru', '1 234', '0:07', '1,5', '45 %', 'A, B и C'],
    ['zh-CN', '1,234', '0:07', '1.5', '45%', 'A、B和C'],
  ])('are written as in %s', async (locale, thousand, seven, half, share, names) => {
    await speak(areas, [locale])
    const plain = (text: string): string =>
      text.replaceAll(/[\u00a0\u202f]/g, ' ').replaceAll(/[\u061c\u200e\u200f]/g, '')
    expect(plain(number(1234))).toBe(thousand)
    expect(clock(0, 7)).toBe(seven)
    expect(plain(decimal(1.5))).toBe(half)
    expect(plain(percent(0.45))).toBe(share)
    expect(list(['A', 'B', 'C'])).toBe(names)
    expect(plain(t('eta.range', { low: 3, count: 1234 }))).toContain(thousand)
  })
})

describe('names in texts', () => {
  beforeEach(() => speak(areas, ['en']))

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
