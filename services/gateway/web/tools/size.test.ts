// How much a browser must fetch before a page works: what the built page itself, its scripts and styles and one
// language's texts weigh, compressed as the gateway sends them. Fonts come after and are not counted.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Manifest } from 'vite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { files, languages, type Area, type Language } from '../src/i18n/catalogue'
import { reach } from './reach'

const web = join(import.meta.dirname, '..')
const most = 120_000
let out: string
let manifest: Manifest

beforeAll(async () => {
  out = mkdtempSync(join(tmpdir(), 'fairfloor-size-'))
  await build({ root: web, logLevel: 'error', build: { outDir: out, emptyOutDir: true, manifest: true } })
  manifest = JSON.parse(readFileSync(join(out, '.vite/manifest.json'), 'utf8')) as Manifest
  // Building takes seconds here, and more on a busy machine.
}, 180_000)

afterAll(() => rmSync(out, { recursive: true, force: true }))

/** The files that a chunk needs at once, itself included. */
function needs(key: string, into = new Set<string>()): Set<string> {
  const chunk = manifest[key]!
  if (into.has(chunk.file)) return into
  into.add(chunk.file)
  for (const style of chunk.css ?? []) into.add(style)
  for (const next of chunk.imports ?? []) needs(next, into)
  return into
}

const pages = (): string[] => Object.keys(manifest).filter((key) => key.endsWith('.html'))

it('First load of each page in each language is at most 120 kB compressed without fonts', () => {
  expect(pages().length).toBeGreaterThanOrEqual(5)
  for (const page of pages()) {
    const entry = join(web, 'src', page.replace('.html', '.ts'))
    const named = /show\(\w+, '[\w.]+', \[([^\]]*)\]\)/.exec(reach(entry).get(entry)!)?.[1] ?? ''
    const areas: Area[] = ['common', ...([...named.matchAll(/'(\w+)'/g)].map((found) => found[1]!) as Area[])]
    for (const language of Object.keys(languages) as Language[]) {
      const wanted = needs(page)
      wanted.add(page)
      for (const area of areas) {
        expect(files[language]).toHaveProperty(area)
        for (const file of needs(`src/i18n/${language}/${area}.ts`)) wanted.add(file)
      }
      const bytes = [...wanted].reduce((sum, file) => sum + gzipSync(readFileSync(join(out, file))).length, 0)
      expect(bytes, `${page} in ${language}`).toBeLessThanOrEqual(most)
      // A page without its scripts would pass, and show nothing.
      expect(bytes, `${page} in ${language}`).toBeGreaterThan(20_000)
    }
  }
})

it('No page carries the texts of a language that it does not speak', () => {
  for (const page of pages()) {
    for (const file of needs(page)) {
      const code = readFileSync(join(out, file), 'utf8')
      expect(code.includes('Список ораторов') || code.includes('List of speakers'), `${page}: ${file}`).toBe(false)
    }
  }
})
