import { describe, expect, it } from 'vitest'
import { bare, languages, speak, type Language } from '../i18n'
import { orderWords } from './order'

const rules = ['list', 'first_come', 'secretariat', 'lot', 'sainte_lague', 'categories', 'room_remote', 'for_against']

describe.each(Object.keys(languages) as Language[])('how the order is made, in %s', (language) => {
  it('is said of every rule, each in its own sentence', async () => {
    await speak([], [language])
    const said = rules.map((rule) => orderWords({ rule, words: 'SERVER' }).join(' '))
    expect(new Set(said).size).toBe(rules.length)
    for (const words of said) expect(words).not.toMatch(/SERVER|order_by|{{/)
  })

  it('names the categories in their sequence', async () => {
    await speak([], [language])
    const words = bare(orderWords({ rule: 'categories', categories: ['State', 'Company', '*'], words: '' }).join(' '))
    expect(words.indexOf('State')).toBeGreaterThan(0)
    expect(words.indexOf('Company')).toBeGreaterThan(words.indexOf('State'))
    expect(words).not.toContain('*')
  })
})

it('of a rule that the page does not know is the server’s own sentence', () => {
  expect(orderWords({ rule: 'by_height', words: 'The tallest first.' })).toEqual(['The tallest first.'])
})
