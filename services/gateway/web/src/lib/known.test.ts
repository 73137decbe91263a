import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { example } from './example'
import { keep, known, recall } from './known'

describe('what was last known', () => {
  let stored: Record<string, string>
  beforeEach(() => {
    stored = {}
    vi.stubGlobal('localStorage', {
      getItem: (key: string) => stored[key] ?? null,
      setItem: (key: string, value: string) => (stored[key] = value),
    })
  })
  afterEach(() => vi.unstubAllGlobals())

  it('is kept for each session with its time', () => {
    keep('AAAAAA', { title: 'One', phase: 'running', at: 5, place: 2, of: 9 })
    keep('BBBBBB', { title: 'Two', phase: 'planned', at: 7 })
    expect(recall('AAAAAA')).toEqual({ title: 'One', phase: 'running', at: 5, place: 2, of: 9 })
    expect(recall('BBBBBB')).toEqual({ title: 'Two', phase: 'planned', at: 7 })
    expect(recall('CCCCCC')).toBeUndefined()
  })

  it('is nothing when it cannot be read', () => {
    for (const text of ['', '{', 'null', '5', '{"title":"x"}', '{"at":"now","title":"x"}']) {
      stored['fairfloor.known.AAAAAA'] = text
      expect(recall('AAAAAA'), text).toBeUndefined()
    }
    vi.stubGlobal('localStorage', {
      getItem: () => {
        throw new Error('refused')
      },
      setItem: () => {
        throw new Error('refused')
      },
    })
    keep('AAAAAA', { title: 'One', phase: 'running', at: 5 })
    expect(recall('AAAAAA')).toBeUndefined()
  })

  it('names nobody', () => {
    const view = example()
    const text = JSON.stringify(known(view, undefined, 5))
    for (const entry of Object.values(view.entries)) expect(text).not.toContain(entry.organisation)
    expect(JSON.parse(text)).toMatchObject({ at: 5, phase: view.session.phase })
  })
})
