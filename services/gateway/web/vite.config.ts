// Builds every page into dist/, from where web.go embeds it into the gateway.
// Same sources, same bytes: nothing of the machine or the hour goes into the output.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { svelte } from '@sveltejs/vite-plugin-svelte'
import type { Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { app, entryFileNames, worker } from './vite.app.ts'
import { compressed, first, styles } from './vite.pages.ts'

const here = import.meta.dirname

/** Every *.html beside this file is a page of its own: chair.html, live.html, … */
function pages(): Record<string, string> {
  const names = readdirSync(here)
    .filter((name) => name.endsWith('.html'))
    .sort()
  return Object.fromEntries(names.map((name) => [name.slice(0, -'.html'.length), join(here, name)]))
}

/** go:embed needs dist/ to hold a file in a fresh clone, so the emptied folder gets its committed place-holder back. */
function keepDist(): Plugin {
  return {
    name: 'fairfloor-keep-dist',
    apply: 'build',
    closeBundle: () => writeFileSync(join(here, 'dist', '.gitkeep'), ''),
  }
}

export default defineConfig({
  plugins: [svelte(), styles(), first(), app(), compressed(), keepDist()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // A font or picture inlined as data: would need a looser content security policy.
    assetsInlineLimit: 0,
    rolldownOptions: { input: { ...pages(), ...worker }, output: { entryFileNames } },
  },
  server: {
    // `npm run dev` beside a running `./scripts/run`: pages from Vite, everything else from the gateway.
    proxy: {
      '/api': { target: process.env.FAIRFLOOR_URL ?? 'http://127.0.0.1:8080', ws: true },
    },
  },
  test: {
    include: ['src/**/*.test.ts', 'tools/**/*.test.ts'],
    sequence: { shuffle: true },
    // The document check loads two large parsers, which takes its time on a busy machine.
    testTimeout: 180_000,
  },
})
