import { describe, expect, it } from 'vitest'
import { files, languages, type Area, type Language } from './catalogue'
import { glossary } from './glossary'

const all = Object.keys(languages) as Language[]

describe.each(Object.entries(glossary))('Terms in each language are the United Nations’ own: %s', (_name, term) => {
  it.each(all)('in %s', async (language) => {
    const areas = Object.keys(files[language]) as Area[]
    const loaded = await Promise.all(areas.map((area) => files[language][area]()))
    const texts = Object.assign({}, ...loaded.map((file) => file.default)) as Record<string, string>
    const { stem, source } = term.in[language]
    expect(texts[term.key]?.toLocaleLowerCase(language)).toContain(stem.toLocaleLowerCase(language))
    expect(source.length, 'the source of the term').toBeGreaterThan(5)
  })
})
