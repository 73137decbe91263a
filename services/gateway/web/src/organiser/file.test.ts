import { describe, expect, it } from 'vitest'
import type { Rules } from './draft'
import { modalityOf, read, written } from './file'
import { advanced, named, pairs, tables, usual } from './modalities'

const rules = { order: 'list', minimum_ms: 60_000 } as unknown as Rules

describe('modalities as a file', () => {
  it('come back as they were written, the same bytes each time', () => {
    expect(read(written(rules))).toEqual({ modalities: rules })
    expect(written(rules)).toBe(written({ ...rules }))
    expect(read(`\ufeff${written(rules)}`)).toEqual({ modalities: rules })
  })

  it.each([
    ['', 'not_json'],
    ['{', 'not_json'],
    ['[]', 'not_modalities'],
    ['null', 'not_modalities'],
    ['{"order": "list"}', 'not_modalities'],
    ['{"fairfloor": "modalities", "version": 1}', 'not_modalities'],
    ['{"fairfloor": "modalities", "version": 2, "modalities": {}}', 'newer'],
    ['{"fairfloor": "modalities", "modalities": {}}', 'newer'],
  ])('%j is refused: %s', (text, wrong) => expect(read(text)).toEqual({ wrong }))

  it.each([
    ['args.modalities.minimum_ms', 'minimum_ms'],
    ['minimum_ms', 'minimum_ms'],
    ['args.modalities.rights.state', 'rights'],
    ['order_categories[2]', 'order_categories'],
    [undefined, ''],
  ])('the field %s is the modality %s', (field, want) => expect(modalityOf(field)).toBe(want))
})

describe('the form of modalities', () => {
  it('has each of them once', () => {
    const keys = [...usual, ...advanced].map((field) => field.key as string).concat(tables)
    expect(new Set(keys).size).toBe(keys.length)
    // As many as pkg/events.Modalities has.
    expect(keys).toHaveLength(24)
  })

  it('reads names in any language’s commas, and lines of a name and a value', () => {
    expect(named('state, observer،  ngo、 other;; ')).toEqual(['state', 'observer', 'ngo', 'other'])
    expect(pairs('state: soft\n\n civil society : hard \nnothing')).toEqual([
      ['state', 'soft'],
      ['civil society', 'hard'],
      ['nothing', ''],
    ])
  })
})
