// What makes the pages an app that can be installed: the manifest in each language, the icons as PNG, and the service
// worker with the list of the build's files. Same sources, same bytes.
import { createHash } from 'node:crypto'
import { join, relative } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import type { Plugin } from 'vite'
import { languages, type Language } from './src/i18n/catalogue.ts'
import { manifests } from './src/i18n/manifest.ts'
import type { Build } from './src/worker/plan.ts'

const here = import.meta.dirname
const accent: Colour = [0x1d, 0x4f, 0x91]
const white: Colour = [0xff, 0xff, 0xff]

type Colour = readonly [number, number, number]

/** The three lines of the icon (public/icon.svg), in its units: x and y of the start, x of the end. */
const lines = [
  [8, 9, 24],
  [8, 16, 19],
  [8, 23, 14],
] as const

export interface Drawing {
  /** Width and height in px. */
  size: number
  /** The part of the picture that the icon of 32 units takes; less leaves a margin for a mask. */
  scale?: number
  /** How round the ground's corners are, in the icon's units; none covers the whole picture. */
  corner?: number
  /** Leaves the ground out: for a badge, of which systems show the outline alone. */
  bare?: boolean
}

const limit = (value: number): number => Math.min(1, Math.max(0, value))

/** The icon as PNG (RGBA, 8 bits). Edges are smooth: a pixel is covered by as much as its distance to the edge says. */
export function png({ size, scale = 1, corner = 0, bare = false }: Drawing): Buffer {
  const unit = size / 32
  const rows = Buffer.alloc((size * 4 + 1) * size)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const [u, v] = [x, y].map((at) => ((at + 0.5) / unit - 16) / scale + 16) as [number, number]
      const ground = bare ? 0 : corner ? limit(0.5 - outside(u, v, corner) * unit) : 1
      const thick = bare ? 2.2 : 1.5
      const line = Math.max(...lines.map(([a, b, c]) => limit(0.5 + (thick - apart(u, v, a, b, c)) * unit * scale)))
      const at = y * (size * 4 + 1) + 1 + x * 4
      const under = bare ? white : accent
      for (let i = 0; i < 3; i++) rows[at + i] = Math.round(under[i]! + (white[i]! - under[i]!) * line)
      rows[at + 3] = Math.round(255 * (bare ? line : ground))
    }
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size, 0)
  head.writeUInt32BE(size, 4)
  head.set([8, 6, 0, 0, 0], 8)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}

/** How far a point lies outside of the square of 32 units with round corners. */
function outside(u: number, v: number, corner: number): number {
  const [x, y] = [Math.abs(u - 16) - 16 + corner, Math.abs(v - 16) - 16 + corner]
  return Math.hypot(Math.max(x, 0), Math.max(y, 0)) + Math.min(Math.max(x, y), 0) - corner
}

/** How far a point lies from a level line. */
const apart = (u: number, v: number, x1: number, y: number, x2: number): number =>
  Math.hypot(u - Math.min(x2, Math.max(x1, u)), v - y)

const icons: Record<string, Drawing> = {
  'icon-192.png': { size: 192, corner: 6 },
  'icon-512.png': { size: 512, corner: 6 },
  // Systems cut a mask out of it: what matters lies in the middle four fifths.
  'icon-maskable-512.png': { size: 512, scale: 0.8 },
  'apple-touch-icon.png': { size: 180, scale: 0.86 },
  'badge.png': { size: 96, bare: true },
}

const maskable =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" fill="#1d4f91"/>' +
  '<path d="M9.6 10.4h12.8M9.6 16h8.8M9.6 21.6h4.8" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/></svg>\n'

/** The manifest in one language; the same app in all of them. */
function manifest(of: Language): string {
  const { name, description } = manifests[of]
  return JSON.stringify({
    id: '/',
    name,
    short_name: 'Fairfloor',
    description,
    lang: of,
    dir: languages[of].direction,
    // Goes on to the page that was used last (src/Index.svelte).
    start_url: '/?app',
    scope: '/',
    display: 'standalone',
    theme_color: '#ffffff',
    background_color: '#ffffff',
    icons: [
      { src: '/icon-192.png', sizes: '192x192', type: 'image/png' },
      { src: '/icon-512.png', sizes: '512x512', type: 'image/png' },
      { src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' },
      { src: '/icon-maskable-512.png', sizes: '512x512', type: 'image/png', purpose: 'maskable' },
      { src: '/icon-maskable.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'maskable' },
    ],
  })
}

/** The build's entry for the service worker, and the name under which browsers ask for it. */
export const worker = { sw: join(here, 'src/worker/sw.ts') }
export const entryFileNames = (chunk: { name: string }): string =>
  chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'

/** Puts manifest, icons and service worker into the build. */
export function app(): Plugin {
  return {
    name: 'fairfloor-app',
    apply: 'build',
    enforce: 'post',
    transformIndexHtml: () => [
      { tag: 'link', attrs: { rel: 'manifest', href: '/app-en.webmanifest' }, injectTo: 'head' },
      { tag: 'link', attrs: { rel: 'apple-touch-icon', href: '/apple-touch-icon.png' }, injectTo: 'head' },
    ],
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const build: Build = { id: '', pages: {}, files: {} }
        const names = Object.keys(bundle).toSorted()
        const needs = (name: string, into: Set<string>): Set<string> => {
          const one = bundle[name]
          if (one?.type !== 'chunk' || into.has(`/${name}`)) return into
          into.add(`/${name}`)
          for (const style of one.viteMetadata?.importedCss ?? []) into.add(`/${style}`)
          for (const next of one.imports) needs(next, into)
          // Shown without a network alone, when nothing can be fetched any more.
          for (const next of one.dynamicImports) if (/\/LastKnown-/.test(next)) needs(next, into)
          return into
        }
        for (const name of names) {
          const one = bundle[name]!
          if (name.startsWith('assets/')) {
            const made =
              one.type === 'chunk' ? (one.facadeModuleId ?? one.name) : (one.originalFileNames[0] ?? one.names[0])
            let source = made?.startsWith('/') ? relative(here, made) : (made ?? name)
            // Two files of one name: the order of their names is as good as any.
            while (source in build.files) source += '+'
            build.files[source] = `/${name}`
          }
          if (one.type === 'chunk' && one.isEntry && one.name !== 'sw')
            build.pages[one.name] = [...needs(name, new Set())]
        }
        const sum = createHash('sha256')
        for (const name of names) {
          const one = bundle[name]!
          sum.update(name)
          if (one.type === 'asset' && name.endsWith('.html')) sum.update(one.source)
          // The worker's own code, since its name says nothing of it.
          if (one.type === 'chunk' && one.name === 'sw') sum.update(one.code)
        }
        build.id = sum.digest('hex').slice(0, 12)
        const own = bundle['sw.js']
        if (own?.type !== 'chunk' || own.imports.length > 0 || !own.code.includes('__FAIRFLOOR_BUILD__'))
          this.error('the service worker must be one file that knows its build')
        own.code = own.code.replace('__FAIRFLOOR_BUILD__', () => JSON.stringify(build))
        for (const [fileName, drawing] of Object.entries(icons))
          this.emitFile({ type: 'asset', fileName, source: png(drawing) })
        this.emitFile({ type: 'asset', fileName: 'icon-maskable.svg', source: maskable })
        for (const of of Object.keys(languages) as Language[])
          this.emitFile({ type: 'asset', fileName: `app-${of}.webmanifest`, source: manifest(of) })
      },
    },
  }
}
