// Every text of the catalogue is shown somewhere: a text that nobody reads would be translated five times for nothing.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import en from '../src/i18n/en'

const source = join(import.meta.dirname, '../src')
const code = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(ts|svelte)$/.test(file) && !file.endsWith('.test.ts') && !file.endsWith('i18n/en.ts'))
  .map((file) => readFileSync(join(source, file), 'utf8'))
  .join('\n')

describe('the catalogue', () => {
  // A key that is made of a beginning and a value of the view stands in the code as `beginning${…}`; verbs and
  // troubles with a link are found by their beginning alone.
  const used = (key: string): boolean => {
    const plain = key.replace(/_(one|other)$/, '')
    const beginnings = [...plain.matchAll(/[._]/g)].map(({ index }) => plain.slice(0, index + 1))
    return (
      code.includes(`'${plain}'`) ||
      beginnings.some((beginning) => code.includes(`\`${beginning}\${`)) ||
      /^(verb|gate)\./.test(plain)
    )
  }

  it.each(Object.keys(en))('%s is used', (key) => expect(used(key)).toBe(true))
})
