import { beforeAll, describe, expect, it } from 'vitest'
import { speak } from '../i18n'
import { example } from '../lib/example'
import type { ApplicantView, EntryView, View } from '../lib/view'
import { actsFor, alphabetical, entriesOf, matching, personsOf, unlisted } from './ApplicantsList'
import { cell, csv } from './ApplicantsSave'
import { column, troubled, type Finding, type Preview } from './ImportFile'
import { guests, good, mailto, mayGive, mergeFile, spaced, type Issued } from './InvitationsLinks'
import { drawOf, holds, labelsFile, python, shell, type Draw } from './LotCheck'
import { lines } from './PaperList'

beforeAll(() => speak(['applicants'], ['en']))

const org = (id: string, organisation: string, state: ApplicantView['state'] = 'accepted'): ApplicantView => ({
  id,
  organisation,
  state,
})

describe('applicants', () => {
  const all = { b: org('b', 'Org 10'), a: org('a', 'Órg 9', 'applied'), c: org('c', 'Academia', 'declined') }
  it('stand by name, numbers as numbers', () => expect(alphabetical(all).map((one) => one.id)).toEqual(['c', 'a', 'b']))
  it.each([
    ['org', '', ['a', 'b']],
    ['ÓRG 9', '', ['a']],
    ['', 'declined', ['c']],
    ['x', '', []],
  ] as const)('are found by %j in state %j', (wanted, state, want) =>
    expect(matching(alphabetical(all), wanted, state).map((one) => one.id)).toEqual(want),
  )

  const entry = (change: Partial<EntryView>): EntryView => ({
    id: 'e',
    part: 'p',
    applicant: 'b',
    organisation: 'Org 10',
    kind: 'statement',
    state: 'waiting',
    reached: true,
    ...change,
  })
  const view = (entries: EntryView[]): View =>
    ({ ...example(), applicants: all, entries: Object.fromEntries(entries.map((e) => [e.id, e])) }) as View

  it('are put on a list once, when they were accepted', () => {
    expect(unlisted(view([]), 'p').map((one) => one.id)).toEqual(['b'])
    expect(unlisted(view([entry({})]), 'p')).toEqual([])
    expect(unlisted(view([entry({ state: 'withdrawn' })]), 'p')).toHaveLength(1)
    expect(unlisted(view([entry({ kind: 'question' })]), 'p')).toHaveLength(1)
    expect(entriesOf(view([entry({ state: 'withdrawn' }), entry({ id: 'f' })]), 'b').map((e) => e.id)).toEqual(['f'])
  })
  it.each<[Partial<EntryView>, string[]]>([
    [{}, ['check_in', 'defer', 'report_absent', 'withdraw']],
    [{ checked_in: true, absent: true }, ['defer', 'withdraw']],
    [{ state: 'standby' }, ['return', 'withdraw']],
    [{ state: 'spoken' }, []],
  ])('are acted for: %j', (change, want) => expect(actsFor(entry(change))).toEqual(want))

  it('have persons, those who were erased last', () => {
    const persons = { x: { id: 'x', applicant: 'b', erased: true }, y: { id: 'y', applicant: 'b' }, z: { id: 'z' } }
    expect(personsOf({ ...view([]), persons } as View, 'b').map((p) => p.id)).toEqual(['y', 'x'])
  })
})

describe('a file', () => {
  it.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ['two\nlines', '"two\nlines"'],
    // What a spreadsheet would run.
    ['=1+1', "'=1+1"],
    ['@x', "'@x"],
    ['-1', "'-1"],
    ['', ''],
  ])('writes %j as %j', (text, want) => expect(cell(text)).toBe(want))
  it('begins with the mark of UTF-8', () =>
    expect(
      csv([
        ['a', 'ñ'],
        ['1', '2'],
      ]),
    ).toBe('\ufeffa,ñ\r\n1,2\r\n'))
})

describe('a preview', () => {
  const finding = (outcome: Finding['outcome']): Finding => ({ row: 0, outcome, organisation: 'x', of_row: -1 })
  it('shows what is not taken first', () => {
    const preview = { findings: [finding('accepted'), finding('error'), finding('duplicate')] } as Preview
    expect(troubled(preview).map((one) => one.outcome)).toEqual(['error', 'duplicate'])
    expect(troubled({ ...preview, findings: null })).toEqual([])
  })
  it('names the column', () => {
    expect(column({ code: 'invalid', title: '', status: 422, field: 'args.rows[3].language' })).toBe('language')
    expect(column(undefined)).toBe('')
  })
})

describe('links', () => {
  const link = (change: Partial<Issued> = {}): Issued => ({
    invitation: 'i',
    roles: ['speaker'],
    applicant: 'b',
    expires: 100,
    url: 'https://x/#t',
    code: 'A7K2M9',
    ...change,
  })
  it.each<[string, Partial<Issued>, boolean]>([
    ['good', {}, true],
    ['withdrawn', { revoked: true }, false],
    ['expired', { expires: 50 }, false],
    ['of another role', { roles: ['observer'] }, false],
    ['not shown again', { url: undefined }, false],
  ])('%s', (_, change, want) => {
    const [guest] = guests([org('b', 'Org')], [], [link(change)], 50)
    expect(Boolean(guest?.link)).toBe(want)
  })
  it('are for those who were accepted', () => expect(guests([org('b', 'Org', 'applied')], [], [], 0)).toEqual([]))
  it('end', () => expect(good(link(), 100)).toBe(false))
  it('make a file with a row for each that has one', () => {
    const all = guests(
      [org('b', 'Org, the first'), org('c', 'Other')],
      [{ person: 'p', applicant: 'b', name: 'A', email: 'a@x.org' }],
      [link()],
      0,
    )
    expect(mergeFile(all).split('\r\n')).toEqual([
      '\ufefforganisation,form_of_address,name,email,link,code',
      '"Org, the first",,A,a@x.org,https://x/#t,A7K2M9',
      '',
    ])
  })
  it('open a letter', () =>
    expect(mailto('a@x.org', 'A & B', 'x\ny#')).toBe('mailto:a%40x.org?subject=A%20%26%20B&body=x%0Ay%23'))
  it('have codes that can be read out', () => expect(spaced('A7K2M9')).toBe('A7K 2M9'))
  it('go downwards: nobody makes somebody who could do more', () => {
    expect(mayGive(['organiser'])).toContain('organiser')
    expect(mayGive(['secretariat'])).toContain('chair')
    expect(mayGive(['secretariat'])).not.toContain('organiser')
    expect(mayGive(['vice_chair'])).not.toContain('chair')
  })
})

describe('the lot', () => {
  // draft-thomson-elegy-vrs's own example, as pkg/fairness/lot has it: codes of the chain of "totally not a bikeshed".
  const hex = (bytes: Uint8Array): string => Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
  const digest = async (text: BufferSource): Promise<string> =>
    hex(new Uint8Array(await crypto.subtle.digest('SHA-256', text)))
  const sign = async (key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> => {
    const made = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign('HMAC', made, new TextEncoder().encode(text)))
  }
  async function make(labels: string[]): Promise<Draw> {
    const code = new Uint8Array(32).fill(7)
    const secret = await sign(code, '4 8 15')
    const drawn = await Promise.all(
      labels.map(async (label) => ({
        label,
        position: hex(await sign(secret, `${label}\u0001`)),
      })),
    )
    return {
      commitment: await digest(code),
      code: hex(code),
      randomness: '4 8 15',
      drawn: drawn.sort((a, b) => (a.position < b.position ? -1 : 1)),
    }
  }

  it('holds, and no longer when anything of it is another', async () => {
    const draw = await make(['A', 'شركة', '中'])
    expect(await holds(crypto.subtle, draw)).toBe(true)
    for (const change of [
      { code: '00'.repeat(32) },
      { commitment: '00'.repeat(32) },
      { randomness: '4 8 16' },
      { drawn: [{ label: 'B', position: draw.drawn[0]!.position }] },
      { drawn: [] },
    ])
      expect(await holds(crypto.subtle, { ...draw, ...change }), JSON.stringify(change)).toBe(false)
  })
  it('is nothing before it is drawn', () => {
    expect(drawOf(undefined, [])).toBeUndefined()
    expect(drawOf({ rule: 'lot', words: '', fixed: false, commitment: 'x' }, [])).toBeUndefined()
  })
  it('is told in at most 30 lines, and quotes what it is given', async () => {
    const draw = { ...(await make(['A'])), randomness: `it's "4" \\ 8` }
    const script = python(draw)
    expect(script.trimEnd().split('\n').length).toBeLessThanOrEqual(30)
    expect(script).toContain(`RANDOMNESS = "it's \\"4\\" \\\\ 8"`)
    expect(shell(draw)).toContain(`--randomness 'it'\\''s "4" \\ 8'`)
    expect(labelsFile(await make(['b', 'a']))).toBe('a\nb\n')
  })
})

describe('the list on paper', () => {
  it('has those who spoke first, then those who wait, each once', () => {
    const entry = (id: string, more: object = {}): EntryView => ({
      id,
      part: 'p',
      applicant: id,
      organisation: id,
      kind: 'statement',
      state: 'waiting',
      reached: true,
      ...more,
    })
    const entries = [
      entry('a', { state: 'spoken' }),
      entry('b', { guarantee_ms: 60_000, allotment_ms: 75_000 }),
      entry('c'),
      entry('d', { kind: 'point_of_order', state: 'spoken' }),
    ]
    const turn = (id: string, of: string, more: object = {}): object => ({
      id,
      entry: of,
      part: 'p',
      given_at: 1,
      ...more,
    })
    const view = {
      turn_order: ['t0', 't1', 't2', 't3'],
      turns: {
        t0: turn('t0', 'b', { void: true }),
        t1: turn('t1', 'a'),
        t2: turn('t2', 'd'),
        t3: turn('t3', 'c', { part: 'q' }),
      },
      entries: Object.fromEntries(entries.map((e) => [e.id, e])),
      lists: { p: ['b', 'c'] },
    } as unknown as View
    expect(
      lines(view, 'p').map((line) => [line.number, line.entry.id, line.guaranteed, line.expected, line.spoken]),
    ).toEqual([
      [1, 'a', undefined, undefined, true],
      [2, 'b', 60_000, 75_000, false],
      [3, 'c', undefined, undefined, false],
    ])
    expect(lines(view, 'nowhere')).toEqual([])
  })
})
