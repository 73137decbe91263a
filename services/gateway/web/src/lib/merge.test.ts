import { describe, expect, it } from 'vitest'
import { merge } from './merge'

// The examples of RFC 7396, appendix A.
const examples: [unknown, unknown, unknown][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]

describe('merge', () => {
  it.each(examples)('of %j and %j gives %j', (target, patch, result) => {
    const before = JSON.stringify(target)
    expect(merge(target, patch)).toEqual(result)
    expect(JSON.stringify(target)).toBe(before)
  })

  it('keeps the identity of what did not change', () => {
    const target = { a: { x: 1 }, b: { y: 2 } }
    const result = merge(target, { a: { x: 3 } }) as typeof target
    expect(result.b).toBe(target.b)
    expect(result.a).not.toBe(target.a)
  })
})
