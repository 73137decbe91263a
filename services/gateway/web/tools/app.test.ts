// What makes the pages an app, as the build makes it: icons, manifests, and words about http on every page.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { languages, type Language } from '../src/i18n/catalogue'
import { manifests } from '../src/i18n/manifest'
import { png } from '../vite.app'
import { reach } from './reach'

const web = join(import.meta.dirname, '..')

/** Reads a PNG of ours: gives a pixel's red, green, blue and how opaque it is. */
function read(file: Buffer): (x: number, y: number) => number[] {
  const size = file.readUInt32BE(16)
  const at = file.indexOf('IDAT')
  const rows = inflateSync(file.subarray(at + 4, at + 4 + file.readUInt32BE(at - 4)))
  return (x, y) => [...rows.subarray(y * (size * 4 + 1) + 1 + x * 4).subarray(0, 4)]
}

describe('icons', () => {
  const accent = [0x1d, 0x4f, 0x91, 255]
  const white = [255, 255, 255, 255]

  it('are the drawing of icon.svg', () => {
    const file = png({ size: 192, corner: 6 })
    const icon = read(file)
    expect(file.subarray(1, 4).toString()).toBe('PNG')
    expect(icon(0, 0)[3]).toBe(0)
    expect(icon(96, 4)).toEqual(accent)
    // The first line is the longest, the last one the shortest.
    for (const [line, reach] of [
      [9, 24],
      [16, 19],
      [23, 14],
    ] as const) {
      expect(icon((reach - 1) * 6, line * 6), `line at ${line}`).toEqual(white)
      expect(icon((reach + 3) * 6, line * 6), `after the line at ${line}`).toEqual(accent)
    }
    const svg = readFileSync(join(web, 'public/icon.svg'), 'utf8')
    expect(svg).toContain('M8 9h16M8 16h11M8 23h6')
    expect(svg).toContain('#1d4f91')
  })

  it('leave a mask the middle four fifths', () => {
    const icon = read(png({ size: 512, scale: 0.8 }))
    const middle = 256
    for (let y = 0; y < 512; y += 4)
      for (let x = 0; x < 512; x += 4) {
        const drawn = icon(x, y)[0]! > 0x1d
        if (drawn) expect(Math.hypot(x - middle, y - middle)).toBeLessThan(512 * 0.4)
      }
    expect(icon(0, 0)).toEqual(accent)
  })

  it('have an outline for a badge, and nothing around it', () => {
    const badge = read(png({ size: 96, bare: true }))
    expect(badge(2, 2)[3]).toBe(0)
    expect(badge(48, 27)).toEqual(white)
  })
})

describe('the manifest', () => {
  it.each(Object.keys(languages) as Language[])('is written in %s', (of) => {
    expect(manifests[of].description.length).toBeGreaterThan(15)
    if (of !== 'en') expect(manifests[of].description).not.toBe(manifests.en.description)
  })
})

describe('over plain http', () => {
  const source = join(web, 'src')
  const pages = readdirSync(source).filter((name) => /^[a-z]+\.ts$/.test(name) && name !== 'page.ts')

  it.each(pages)('%s has the words that say what is off', (page) => {
    expect([...reach(join(source, page)).keys()].some((file) => file.endsWith('/ui/Insecure.svelte'))).toBe(true)
  })
})
