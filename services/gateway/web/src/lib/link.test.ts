import { describe, expect, it } from 'vitest'
import { codeOf, pageFor, rolesOf } from './link'

const token = (claims: unknown): string =>
  `head.${btoa(JSON.stringify(claims)).replaceAll('+', '-').replaceAll('/', '_')}.sig`

describe('a link', () => {
  it.each([
    ['/s/ABC123', 'ABC123'],
    ['/s/ABC123/chair', 'ABC123'],
    ['/s/A%20B/live', 'A B'],
    ['/', undefined],
    ['/other/ABC123', undefined],
  ])('%s has the code %s', (path, want) => expect(codeOf(path)).toBe(want))

  it.each([
    [['chair', 'secretariat'], 'chair'],
    [['organiser'], 'chair'],
    [['vice_chair'], 'chair'],
    [['speaker'], 'speaker'],
    [['captioner'], 'desk'],
    [['technician'], 'booth'],
    [['observer'], 'live'],
    [['interpreter'], 'booth'],
    [[], 'live'],
  ] as const)('of %j leads to %s', (roles, want) => expect(pageFor(roles)).toBe(want))

  it('reads the roles that a token claims', () => {
    expect(rolesOf(token({ roles: ['speaker'], sub: 'person/ÿ?>' }))).toEqual(['speaker'])
  })

  it.each(['', 'x', 'a.b.c', token({}), token({ roles: 'chair' }), token(null)])('finds none in %j', (bad) => {
    expect(rolesOf(bad)).toEqual([])
  })
})
