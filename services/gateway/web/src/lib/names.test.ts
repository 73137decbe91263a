import { beforeAll, describe, expect, it } from 'vitest'
import { bare, pieces, speak } from '../i18n'
import { entry, example } from './example'
import { sentence } from '../chair/sentence'
import { delegate, full, whole } from './names'
import type { PersonView } from './view'

beforeAll(() => speak(['chair'], ['en']))

const person = (id: string, applicant: string, more: Partial<PersonView> = {}): PersonView => ({
  id,
  applicant,
  name: 'Doe',
  form_of_address: 'Ms',
  ...more,
})
const view = example({
  persons: {
    p1: person('p1', 'applicant-b', { pronunciation: 'doh' }),
    p2: person('p2', 'applicant-c', { name: 'Roe', form_of_address: undefined }),
    p3: person('p3', 'applicant-d'),
    p4: person('p4', 'applicant-d'),
  },
})

describe('the sentence to say', () => {
  const { a, b, c } = view.entries
  it.each([
    ['thanks and calls', a, b, c, 'I thank A. I now give the floor to Ms Doe (doh) of B, to be followed by C.'],
    ['the last call', a, c, undefined, 'I thank A. I now give the floor to Roe of C.'],
    ['the first call', undefined, b, c, 'I give the floor to Ms Doe (doh) of B, to be followed by C.'],
    ['the only call', undefined, b, undefined, 'I give the floor to Ms Doe (doh) of B.'],
    ['only thanks', b, undefined, undefined, 'I thank Ms Doe of B.'],
    ['nothing', undefined, undefined, undefined, ''],
  ])('%s', (_name, thank, next, after, want) => {
    expect(bare(sentence(view, thank, next, after))).toBe(want)
  })

  it('isolates names, so that other scripts do not turn it around', () => {
    const arabic = entry('x', 1, { organisation: 'منظمة' })
    expect(pieces(sentence(view, undefined, arabic)).filter((p) => p.isolated)).toEqual([
      { text: 'منظمة', isolated: true },
    ])
  })
})

describe('the delegate', () => {
  it('is the one that the entry names', () => {
    expect(delegate(view, entry('d', 1, { delegate: 'p4' }))?.id).toBe('p4')
  })
  it('is the only person of the organisation otherwise', () => {
    expect(delegate(view, entry('b', 1))?.id).toBe('p1')
    expect(delegate(view, entry('d', 1))).toBeUndefined()
  })
  it('is nobody for those who may not know', () => {
    expect(delegate(example(), entry('b', 1, { delegate: 'p1' }))).toBeUndefined()
    expect(bare(full(example(), entry('b', 1)))).toBe('B')
  })
  it('has no name once it was erased', () => {
    const erased = example({ persons: { p1: person('p1', 'applicant-b', { erased: true, name: undefined }) } })
    expect(bare(full(erased, entry('b', 1, { delegate: 'p1' })))).toBe('B')
  })
})

describe('what the server said', () => {
  it.each([
    ['the floor is no longer free', 'The floor is no longer free.'],
    ['Press again.', 'Press again.'],
    ['really?', 'Really?'],
    ['', '.'],
  ])('%j becomes a sentence', (text, want) => expect(whole(text)).toBe(want))
})
