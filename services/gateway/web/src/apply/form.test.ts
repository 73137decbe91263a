import { describe, expect, it } from 'vitest'
import {
  applicantOf,
  application,
  empty,
  faults,
  fieldOf,
  formOf,
  groups,
  keyOf,
  person,
  regions,
  type Form,
} from './form'

const good = (change: Partial<Form> = {}): Form => ({
  ...empty('en'),
  organisation: 'Org',
  name: 'Ms A',
  email: 'a@example.org',
  ...change,
})
const problem = (field: string): Parameters<typeof fieldOf>[0] => ({ code: 'invalid', title: '', status: 422, field })

describe('what is wrong with a form', () => {
  it.each<[string, Partial<Form>, [string, string][]]>([
    ['nothing', {}, []],
    ['no organisation', { organisation: '  ' }, [['organisation', 'missing']]],
    [
      'no person',
      { name: '', email: '' },
      [
        ['name', 'missing'],
        ['email', 'missing'],
      ],
    ],
    ['no address', { email: 'at home' }, [['email', 'email_wrong']]],
    ['too short', { requested: 29 }, [['requested', 'range']]],
    ['too long', { requested: 601 }, [['requested', 'range']]],
    ['half a second', { requested: 60.5 }, [['requested', 'range']]],
    ['no number', { requested: 'long' }, [['requested', 'range']]],
    ['the least', { requested: 30 }, []],
    ['the most', { requested: '600' }, []],
    ['no wish', { requested: null }, []],
  ])('%s', (_, change, want) => expect([...faults(good(change))]).toEqual(want))

  it('is less for those who enter an organisation for it', () =>
    expect([...faults(good({ name: '', email: '' }), false)]).toEqual([]))
})

it('sends ms, and no spaces at the ends', () => {
  const sent = application(good({ organisation: ' Org ', requested: '90', group: groups.civil_society }))
  expect(sent).toMatchObject({ organisation: 'Org', requested_ms: 90_000, group: 'civil society', first_time: false })
  expect(application(good()).requested_ms).toBe(0)
  expect(person(good({ name: ' Ms A ' })).name).toBe('Ms A')
})

it('shows an application that is there as it would be sent again', () => {
  const there = {
    id: 'a',
    organisation: 'Org',
    category: 'state',
    group: 'unspecified',
    region: 'GRULAC',
    language: 'es',
    state: 'accepted' as const,
    requested_ms: 75_000,
    remote: true,
  }
  expect(application(formOf(there))).toEqual({
    organisation: 'Org',
    category: 'state',
    group: '',
    region: 'GRULAC',
    language: 'es',
    requested_ms: 75_000,
    first_time: false,
    remote: true,
  })
})

describe('the field of a refusal', () => {
  it.each([
    ['organisation', 'organisation'],
    ['args.organisation', 'organisation'],
    ['requested_ms', 'requested'],
    ['delegate.email', 'email'],
    ['reason', 'basis'],
    ['header.Authorization', undefined],
    ['', undefined],
  ])('%s', (field, want) => expect(fieldOf(problem(field))).toBe(want))
})

it('knows the common names, and leaves somebody’s own alone', () => {
  expect(keyOf(groups, 'unspecified')).toBe('unspecified')
  expect(keyOf(groups, undefined)).toBe('unspecified')
  expect(keyOf(groups, 'technical community')).toBe('technical_community')
  expect(keyOf(regions, 'African')).toBe('african')
  expect(keyOf(groups, 'lighthouse keepers')).toBeUndefined()
})

it('reads the applicant of a token, and nothing of what is none', () => {
  const claims = btoa(JSON.stringify({ applicant: 'a-1' })).replaceAll('=', '')
  expect(applicantOf(`x.${claims}.y`)).toBe('a-1')
  expect(applicantOf('x.y')).toBeUndefined()
  expect(applicantOf('')).toBeUndefined()
  expect(applicantOf(undefined)).toBeUndefined()
})
