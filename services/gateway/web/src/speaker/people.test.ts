import { describe, expect, it } from 'vitest'
import { corrected, typed } from './people'

describe('what a delegate sends of a person', () => {
  it('leaves out what was left empty of somebody new', () => {
    expect(typed({ name: ' Ada Doe ', form_of_address: '', pronunciation: '  ' })).toEqual({ name: 'Ada Doe' })
    expect(typed({})).toEqual({})
  })

  it('keeps what the form does not show, and empties what was emptied', () => {
    const own = {
      person: 'p',
      applicant: 'a',
      entries: ['e'],
      name: 'Ada',
      email: 'ada@example.org',
      display_name: 'FR | Ada',
    }
    expect(corrected(own, { name: 'Ada Doe ', display_name: '' })).toEqual({
      name: 'Ada Doe',
      email: 'ada@example.org',
      display_name: '',
    })
  })
})
