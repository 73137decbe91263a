import { describe, expect, it } from 'vitest'
import { cameOf, reasons } from './came'
import { wayIn } from './signin'

describe('what came of a sign-in', () => {
  it.each(reasons)('%s is a reason', (reason) => expect(cameOf(`?sign-in=${reason}`)).toEqual({ reason, codes: [] }))

  it.each(['', '?sign-in', '?sign-in=', '?sign-in=<b>', '?sign-in=constructor', '?other=stale'])(
    '%s says nothing',
    (search) => expect(cameOf(search)).toEqual({ reason: undefined, codes: [] }),
  )

  it('is codes to choose from, and nothing else', () => {
    expect(cameOf('?sign-in=choose&sessions=K7M2QX%2CBBBBBB').codes).toEqual(['K7M2QX', 'BBBBBB'])
    expect(cameOf('?sign-in=choose&sessions=//evil,../x,K7M2QX,<b>').codes).toEqual(['K7M2QX'])
    expect(cameOf('?sign-in=choose').codes).toEqual([])
    expect(cameOf('?sign-in=stale&sessions=K7M2QX').codes).toEqual([])
    expect(cameOf(`?sign-in=choose&sessions=${Array(50).fill('AAAAAA').join()}`).codes).toHaveLength(12)
  })
})

describe('the way in', () => {
  const from = (path: string, way: string): string => new URL(way, `https://host${path}`).pathname

  it('stays below the path that a proxy puts in front', () => {
    expect(from('/', wayIn())).toBe('/sign-in')
    expect(from('/organiser', wayIn())).toBe('/sign-in')
    expect(from('/fairfloor/organiser', wayIn())).toBe('/fairfloor/sign-in')
    expect(from('/fairfloor/s/K7M2QX/chair', wayIn('K7M2QX', 'chair'))).toBe('/fairfloor/sign-in')
  })

  it('names the session and the page', () => {
    expect(wayIn('K7M2QX', 'chair')).toBe('../../sign-in?session=K7M2QX&page=chair')
    expect(wayIn('A&B')).toBe('../../sign-in?session=A%26B')
  })
})
