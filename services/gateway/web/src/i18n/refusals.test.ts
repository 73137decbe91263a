import { beforeEach, describe, expect, it } from 'vitest'
import type { Problem } from '../lib/view'
import { bare, exact, how, languages, learn, speak, why, type Language } from '.'
import { files } from './catalogue'
import { glossary } from './glossary'
import english from './refusals/en.json'

const all = Object.keys(languages) as Language[]
const said = (problem: Problem): string => bare(why(problem)).replaceAll(/[\u00a0\u202f]/g, ' ')

async function read(language: Language): Promise<void> {
  await speak(Object.keys(files.en) as [], [language])
  await learn()
}

const stale: Problem = {
  code: 'stale',
  title: 'Something changed meanwhile',
  status: 409,
  detail: 'the floor is no longer free: Sample Organisation has it',
  do: 'look at what happened since; if you still want it, press again',
  why: { key: 'the_floor_is_no_longer_free_x_has_it', args: ['Sample Organisation'] },
  how: { key: 'look_at_what_happened_since_if_you_still_want_it_press_again' },
}

describe.each(all)('a refusal in %s', (language) => {
  beforeEach(() => read(language))

  it('has a sentence for every key, with what stands in it', async () => {
    for (const [key, text] of Object.entries(english)) {
      if (!key.startsWith('text.')) continue
      const args = [...text.matchAll(/{{[a-z]}}/g)].map((_, i) => `ARG${i}`)
      const one = why({ code: 'invalid', title: '', status: 422, detail: text, why: { key: key.slice(5), args } })
      expect(one, key).not.toMatch(language === 'en' ? /^$/ : /{{|}}|undefined|^$/)
      if (language !== 'en') expect(one.toLowerCase(), key).not.toBe(`${text.toLowerCase()}.`)
    }
  })

  it('names who it is about, and says what to do', () => {
    expect(said(stale)).toContain('Sample Organisation')
    expect(said(stale) === 'The floor is no longer free: Sample Organisation has it.').toBe(language === 'en')
    expect(how(stale)).not.toBe('')
    expect(exact(stale)).toBe('')
  })

  it('that only a program can meet is said by its code, with the server’s own words beside it', () => {
    const one: Problem = {
      ...stale,
      code: 'malformed',
      detail: 'the message is binary',
      why: { key: 'the_message_is_binary' },
    }
    if (language === 'en') expect(said(one)).toBe('The message is binary.')
    else {
      expect(said(one)).not.toContain('binary')
      expect(said(one)).not.toBe('')
      expect(exact(one)).toBe('The message is binary.')
    }
  })
})

describe.each(['point of order', 'right of reply', 'list of speakers'])(
  'Terms in each language are the United Nations’ own: refusals about a %s',
  (term) => {
    it.each(all.filter((one) => one !== 'en'))('in %s', async (language) => {
      await read(language)
      const keys = Object.entries(english).filter(([key, text]) => key.startsWith('text.') && text.includes(term))
      expect(keys.length).toBeGreaterThan(0)
      // With the article and in the plural too: نقطة نظام, نقطة النظام, نقاط نظام; список, списка, списке.
      const stem = glossary[term]!.in[language].stem
      const forms = new RegExp(
        {
          ar: stem.replace(/^(نقطة|قائمة) (ال)?/, '(نقطة|نقاط|قائمة) (ال)?'),
          ru: stem.replace('список', 'спис(ок|к[аеу])'),
        }[language as string] ?? stem.replace(/^(\p{L}+)/u, '$1s?'),
        'iu',
      )
      for (const [key, text] of keys)
        expect(
          said({ code: 'invalid', title: '', status: 422, detail: text, why: { key: key.slice(5) } }),
          key,
        ).toMatch(forms)
    })
  },
)

describe('what stands in a sentence', () => {
  it('is written as the reader writes it: numbers, times, roles', async () => {
    await read('ar')
    const one = said({
      ...stale,
      code: 'forbidden',
      why: {
        key: 'x_is_for_x_you_act_as_x',
        args: ['next', { words: ['chair', 'vice-chair'] }, { words: ['observer'] }],
      },
    })
    expect(one).toContain('الرئيس ونائب الرئيس')
    expect(one).toContain('المراقب')
    await speak([], ['ar-EG'])
    await learn()
    expect(said({ ...stale, why: { key: 'a_session_has_at_most_x_parts', args: [12] } })).toContain('١٢')
    const at = said({ ...stale, why: { key: 'the_session_was_adjourned_at_x', args: ['2026-03-01T12:34:00.000Z'] } })
    expect(at).not.toContain('2026')
    expect(at).toMatch(/[٠-٩]{2}:[٠-٩]{2}/)
  })

  it('may be another sentence', async () => {
    await read('fr')
    const inner = { key: 'place_x', args: [3] }
    expect(said({ ...stale, why: { key: 'x_waits_on_the_list_at_x', args: ['Exemple', inner] } })).toBe(
      'Exemple attend sur la liste : place 3.',
    )
    expect(said({ ...stale, why: { key: 'x', args: [inner] } })).toBe('Place 3.')
  })

  it('is set apart, so that it does not turn the sentence around it', async () => {
    await read('ar')
    expect(why(stale)).toContain('\u2068Sample Organisation\u2069')
  })

  it('ends as a sentence of the language ends', async () => {
    await read('zh')
    expect(said(stale)).toMatch(/。$/)
  })
})
