// Which modules a page can reach, and which texts those modules ask for.
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The file that an import of another one means, or nothing for a package. */
function resolve(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  const base = join(dirname(from), specifier)
  return [base, `${base}.ts`, `${base}.svelte.ts`, join(base, 'index.ts')].find(
    (file) => existsSync(file) && statSync(file).isFile(),
  )
}

/** Every module of the pages that can be reached from one, itself included; texts themselves are left out. */
export function reach(entry: string): Map<string, string> {
  const found = new Map<string, string>()
  const queue = [entry]
  for (let file = queue.pop(); file; file = queue.pop()) {
    if (found.has(file) || /\/i18n\/[a-z]{2}\//.test(file)) continue
    const code = readFileSync(file, 'utf8')
    found.set(file, code)
    for (const [, specifier] of code.matchAll(/(?:from|import) ?\(?['"]([^'"]+)['"]/g)) {
      const next = resolve(file, specifier!)
      if (next && /\.(ts|svelte)$/.test(next)) queue.push(next)
    }
  }
  return found
}

/** A key without its plural form. */
export const stem = (key: string): string => key.replace(/_(zero|one|two|few|many|other)$/, '')

/**
 * Whether code asks for a key: by its name in quotes, or by a template that begins and ends as the key does, with a
 * value between (`gate.${wrong}_do`).
 */
export function asks(code: string, key: string): boolean {
  if (code.includes(`'${key}'`)) return true
  return [...code.matchAll(/`([a-z_]+\.[a-z_.]*)\$\{[^}]*\}([a-z_]*)`/g)].some(
    ([, start, end]) => key.length > start!.length + end!.length && key.startsWith(start!) && key.endsWith(end!),
  )
}
