import { describe, expect, it } from 'vitest'
import { example } from './example'
import { accept, distance, offers, terms } from './glossary'

describe('a replacement is offered', () => {
  it.each([
    ['I thank Mr. Diob', [{ wrong: 'diob', right: 'Diop' }], 'I thank Mr. Diop'],
    ['the okoro foundation', [{ wrong: 'Okoro Foundation', right: 'Okoro Foundation' }], 'the Okoro Foundation'],
    ['thank you Mr. Aliyev', [{ right: 'Əliyev' }], 'thank you Mr. Əliyev'],
    ['Kowalsky said', [{ right: 'Kowalski' }], 'Kowalski said'],
    ['شكرا ديوب', [{ wrong: 'ديوب', right: 'ديوپ' }], 'شكرا ديوپ'],
  ])('in “%s”', (text, glossary, want) => {
    const [offer] = offers(text, glossary)
    expect(offer && accept(text, offer)).toBe(want)
  })

  it.each([
    ['Kowalski said', [{ right: 'Kowalski' }]],
    ['the text', [{ right: 'Teck' }]],
    ['we go on', [{ wrong: 'gone', right: 'Gonne' }]],
    ['', [{ right: 'Kowalski' }]],
  ])('but not in “%s”', (text, glossary) => expect(offers(text, glossary)).toEqual([]))

  it('for the latest word first, and for each place once', () => {
    const glossary = [
      { wrong: 'alfa', right: 'Alpha' },
      { wrong: 'alfa', right: 'ALPHA' },
      { wrong: 'beta', right: 'Beta' },
    ]
    expect(offers('alfa beta', glossary).map((offer) => offer.wrong)).toEqual(['beta', 'alfa'])
  })
})

it('the glossary knows the session’s organisations and delegates', () => {
  const view = example({
    applicants: {
      a: { id: 'a', organisation: 'Company', state: 'accepted' },
      b: { id: 'b', organisation: 'Foundation', state: 'accepted' },
    },
    persons: { p: { id: 'p', name: 'Awa Diop' }, q: { id: 'q', name: 'Gone', erased: true } },
  })
  expect(terms(view, [{ wrong: 'kom pany', right: 'Company' }]).map((term) => term.right)).toEqual([
    'Company',
    'Foundation',
    'Awa Diop',
  ])
})

it('distances are counted up to two', () => {
  expect([distance('diop', 'diop'), distance('diob', 'diop'), distance('abcd', 'badc'), distance('', 'abcd')]).toEqual([
    0, 1, 3, 3,
  ])
})
