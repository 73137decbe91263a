import { describe, expect, it } from 'vitest'
import { longest, portions, sentences } from './typing'

describe('the end of a sentence makes it final', () => {
  it.each([
    ['Thank you. We agr', ['Thank you.'], 'We agr'],
    ['Thank you.', [], 'Thank you.'],
    ['Really? Yes! And ', ['Really?', 'Yes!'], 'And '],
    ['It is 3.5 per cent of example.org now', [], 'It is 3.5 per cent of example.org now'],
    ['I thank Mr. Diop of St. Lucia. He ', ['I thank Mr. Diop of St. Lucia.'], 'He '],
    ['H.E. Ms. Okoro spoke. Then', ['H.E. Ms. Okoro spoke.'], 'Then'],
    ['He said “no.” And', ['He said “no.”'], 'And'],
    ['谢谢主席。我们同意', ['谢谢主席。'], '我们同意'],
    ['هل توافقون؟ نعم', ['هل توافقون؟'], 'نعم'],
    ['Мы согласны. Спасибо', ['Мы согласны.'], 'Спасибо'],
    ['', [], ''],
  ])('%s', (text, finals, rest) => expect(sentences(text)).toEqual({ finals, rest }))

  it('and nothing that was typed is lost', () => {
    const text = 'One. Two? Three! “Four.” Five… six'
    const { finals, rest } = sentences(text)
    expect([...finals, rest].join(' ')).toBe(text)
  })
})

describe('what has no end', () => {
  it('is cut before it gets longer than a segment may be', () => {
    const text = 'word '.repeat(260)
    const { finals, rest } = sentences(text)
    expect(finals).toHaveLength(1)
    expect(finals[0]!.length).toBeLessThanOrEqual(longest)
    expect([...finals, rest].join(' ')).toBe(text.trim())
  })

  it('is cut inside a word when there is no space', () => {
    expect(portions('x'.repeat(2500)).map((one) => one.length)).toEqual([1000, 1000, 500])
  })
})
