import { describe, expect, it } from 'vitest'
import { sound, usual } from './reading'

describe('how somebody reads', () => {
  it('is as they chose', () => {
    const chosen = { size: 3, spacing: 1, contrast: 'dark', font: 'serif', track: 'ar' }
    expect(sound(chosen)).toEqual(chosen)
  })

  it.each([null, 7, 'x', {}, { size: 9, spacing: 'wide', contrast: 'pink', font: 1, track: 5 }])(
    'is as usual where %j was stored',
    (value) => expect(sound(value)).toEqual(usual),
  )
})
