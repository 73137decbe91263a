// Every text is shown somewhere, and every page has loaded the texts that it can show.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { files, type Area } from '../src/i18n/catalogue'
import { asks, reach, stem } from './reach'

const source = join(import.meta.dirname, '../src')
const areas = Object.keys(files.en) as Area[]
const keys = Object.fromEntries(
  await Promise.all(
    areas.map(async (area) => [area, [...new Set(Object.keys((await files.en[area]()).default).map(stem))]]),
  ),
) as Record<Area, string[]>

describe('the catalogue', () => {
  const code = readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|svelte)$/.test(file) && !file.endsWith('.test.ts') && !/^i18n\/[a-z]{2}\//.test(file))
    .map((file) => readFileSync(join(source, file), 'utf8'))
    .join('\n')

  // A text that nobody reads would be translated five times for nothing.
  it.each(Object.values(keys).flat())('%s is used', (key) => expect(asks(code, key)).toBe(true))

  it('names each key once', () => {
    const every = Object.values(keys).flat()
    expect(every.filter((key, i) => every.indexOf(key) !== i)).toEqual([])
  })
})

describe('the pages', () => {
  const pages = readdirSync(source).filter((name) => /^[a-z]+\.ts$/.test(name) && name !== 'page.ts')

  it.each(pages)('%s loads every text that it can show', (page) => {
    const entry = join(source, page)
    const modules = reach(entry)
    const shown = /show\(\w+, '[\w.]+', \[([^\]]*)\]\)/.exec(modules.get(entry)!)
    expect(shown, 'the page calls show(Page, title, [areas])').not.toBeNull()
    const loaded = new Set(['common', ...[...shown![1]!.matchAll(/'(\w+)'/g)].map((found) => found[1]!)])
    // What is not needed at first is fetched by who shows it.
    for (const code of modules.values())
      for (const [, later] of code.matchAll(/speak\(\['(\w+)'\]\)/g)) loaded.add(later!)
    for (const area of areas.filter((one) => !loaded.has(one))) {
      for (const [file, code] of modules) {
        const missing = keys[area].filter((key) => code.includes(`'${key}'`))
        expect(missing, `${file} asks for texts of the area ${area}, which ${page} does not load`).toEqual([])
      }
    }
    expect(modules.size).toBeGreaterThan(5)
  })
})
