// What the built pages need to be there at once on a slow line: styles inside the page, files that are compressed
// as far as they can be, and what the gateway needs to write a page's first paint and to name the texts it will ask for.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { runnerImport, type Plugin } from 'vite'

const here = import.meta.dirname

/** Texts of the first paint (services/gateway/internal/first), by area. */
const painted = {
  common: [
    'app.name',
    'floor.adjourned',
    'floor.called',
    'floor.free',
    'floor.has',
    'floor.not_started',
    'floor.point',
    'floor.suspended',
    'floor.title',
    'gate.loading',
    'line.loading',
    'list.empty',
    'phase.adjourned',
    'phase.planned',
    'phase.running',
    'phase.suspended',
  ],
  live: ['live.next'],
  captions: [
    'captions.chair',
    'captions.none',
    'captions.redacted',
    'captions.title',
    'captions.unknown',
    'captions.waiting',
  ],
} as const

/** Puts the style sheets of a page into the page: a request less before anything can be painted. */
export function styles(): Plugin {
  return {
    name: 'fairfloor-styles-inside',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        for (const page of Object.values(bundle)) {
          if (page.type !== 'asset' || !page.fileName.endsWith('.html')) continue
          const sheets: string[] = []
          const html = String(page.source).replace(
            /\s*<link rel="stylesheet"[^>]* href="\/([^"]+)">/g,
            (link, name: string) => {
              const sheet = bundle[name]
              if (sheet?.type !== 'asset') return link
              sheets.push(String(sheet.source).trim())
              return ''
            },
          )
          page.source = html.replace('</head>', () => `  <style>${sheets.join('\n')}</style>\n  </head>`)
        }
      },
    },
  }
}

/** The areas of texts that each page loads: `show(Live, 'live.title', ['live', 'captions'])`. */
function areas(): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const file of readdirSync(join(here, 'src')).filter((name) => /^\w+\.ts$/.test(name))) {
    const list = /show\(\s*\w+,\s*'[^']+',\s*\[([^\]]*)\]/.exec(readFileSync(join(here, 'src', file), 'utf8'))?.[1]
    if (list !== undefined)
      found[file.slice(0, -'.ts'.length)] = ['common', ...[...list.matchAll(/'(\w+)'/g)].map(([, area]) => area!)]
  }
  return found
}

/**
 * Writes first.json: the texts of the first paint in every language, and for each page and language the files of texts,
 * which the page would ask for only after its scripts are there.
 */
export function first(): Plugin {
  return {
    name: 'fairfloor-first-paint',
    apply: 'build',
    enforce: 'post',
    async generateBundle(_, bundle) {
      const files: Record<string, string> = {}
      for (const chunk of Object.values(bundle)) {
        const of = chunk.type === 'chunk' && /src\/i18n\/(\w\w\/\w+)\.ts$/.exec(chunk.facadeModuleId ?? '')?.[1]
        if (of) files[of] = `/${chunk.fileName}`
      }
      const texts: Record<string, Record<string, string>> = {}
      const load: Record<string, Record<string, string[]>> = {}
      for (const language of readdirSync(join(here, 'src/i18n')).filter((name) => name.length === 2)) {
        texts[language] = {}
        for (const [area, keys] of Object.entries(painted)) {
          const path = join(here, `src/i18n/${language}/${area}.ts`)
          const { default: all } = (await runnerImport<{ default: Record<string, string> }>(path)).module
          for (const key of keys) {
            const text = all[key]
            if (!text) this.error(`${path} has no ${key}, which the first paint shows`)
            texts[language][key] = text
          }
        }
        for (const [page, wanted] of Object.entries(areas())) {
          const names = wanted.map((area) => files[`${language}/${area}`]).filter((name) => name !== undefined)
          if (names.length !== wanted.length)
            this.error(`texts of ${page} in ${language}: found only ${names.join(', ')}`)
          ;(load[page] ??= {})[language] = names
        }
      }
      this.emitFile({ type: 'asset', fileName: 'first.json', source: JSON.stringify({ texts, load }) })
    },
  }
}

/** Puts a .gz and a .br beside each script and style sheet, so that the gateway compresses none while people wait. */
export function compressed(): Plugin {
  return {
    name: 'fairfloor-compressed',
    apply: 'build',
    enforce: 'post',
    // From the disk: until the end other plugins still write into what is there in memory.
    writeBundle({ dir = 'dist' }, bundle) {
      for (const name of Object.keys(bundle).filter((name) => /^assets\/.*\.(js|css)$/.test(name))) {
        const source = readFileSync(join(dir, name))
        if (source.length < 512) continue
        writeFileSync(join(dir, `${name}.gz`), gzipSync(source, { level: 9 }))
        writeFileSync(
          join(dir, `${name}.br`),
          brotliCompressSync(source, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: source.length } }),
        )
      }
    },
  }
}
