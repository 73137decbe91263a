// Writes the CycloneDX 1.6 bill of materials of one platform's programs: what the linker put into each, as the programs
// themselves say it, and the packages of npm whose code or fonts the pages inside them hold.
// usage: node bill.mjs FOLDER PACKAGE-LOCK REVISION < `go version -m -json PROGRAM...`, one object after another
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { argv, stdin, stdout } from 'node:process'

const [folder, lock, revision] = argv.slice(2)
const input = (await stdin.toArray()).join('')
const builds = JSON.parse(`[${input.trim().replaceAll(/\n\}\s*\{/g, '\n},{')}]`)

// The programs that hold the pages, and what of Svelte and its plugin runs in a browser though package.json has it as a tool.
const withPages = new Set(['gateway', 'fairfloor'])
const inPages = new Set(['node_modules/svelte', 'node_modules/clsx', 'node_modules/esm-env'])

const packages = Object.entries(JSON.parse(readFileSync(lock, 'utf8')).packages)
  .filter(([path, p]) => path !== '' && (inPages.has(path) || !(p.dev || p.devOptional || p.optional || p.link || p.peer)))
  .map(([path, p]) => {
    const full = p.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const purl = `pkg:npm/${full.replace('@', '%40')}@${p.version}`
    const integrity = /^sha512-(.+)$/.exec(p.integrity ?? '')
    if (!integrity) throw new Error(`${path} has no SHA-512 in ${lock}`)
    return {
      type: 'library', 'bom-ref': purl, name: full, version: p.version, purl,
      ...(p.license && { licenses: [{ expression: p.license }] }),
      hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity[1], 'base64').toString('hex') }],
    }
  })

// The checksum of a module is one of a listing of its files, so it is a property and not a file's hash.
const modules = new Map()
const moduleOf = (dep) => {
  const { Path: name, Version: version, Sum: sum } = dep.Replace ?? dep
  if (!sum) throw new Error(`${name}@${version} came without a checksum`)
  const purl = `pkg:golang/${name.split('/').map(encodeURIComponent).join('/')}@${encodeURIComponent(version)}`
  modules.set(purl, { type: 'library', 'bom-ref': purl, name, version, purl, properties: [{ name: 'go:sum', value: sum }] })
  return purl
}
// What belongs to this tree is replaced by a folder, and is the programs themselves.
const ours = (dep) => dep.Path.startsWith('github.com/fairfloor/')

const programs = [], dependencies = []
for (const build of builds) {
  const name = basename(build.Path)
  const setting = (key) => build.Settings.find((s) => s.Key === key)?.Value
  const file = setting('GOOS') === 'windows' ? `${name}.exe` : name
  const go = `pkg:generic/go@${build.GoVersion}`
  modules.set(go, { type: 'library', 'bom-ref': go, name: 'go', version: build.GoVersion, purl: go, description: 'standard library and run time' })
  const deps = [go, ...(build.Deps ?? []).filter((d) => !ours(d)).map(moduleOf), ...(withPages.has(name) ? packages.map((p) => p.purl) : [])]
  programs.push({
    type: 'application', 'bom-ref': name, name: file, version: revision,
    hashes: [{ alg: 'SHA-256', content: createHash('sha256').update(readFileSync(join(folder, file))).digest('hex') }],
    properties: ['GOOS', 'GOARCH', 'CGO_ENABLED', '-trimpath', '-ldflags'].map((key) => ({ name: `go:${key}`, value: setting(key) ?? '' })),
  })
  dependencies.push({ ref: name, dependsOn: deps.sort() })
}

const byRef = (a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)
const components = [...programs.sort(byRef), ...[...modules.values(), ...packages].sort(byRef)]
// A number made of the contents: same sources, same bytes.
const h = createHash('sha256').update(JSON.stringify([revision, components, dependencies])).digest('hex')
const bill = {
  $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json', bomFormat: 'CycloneDX', specVersion: '1.6',
  serialNumber: `urn:uuid:${h.slice(0, 8)}-${h.slice(8, 12)}-5${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`, version: 1,
  metadata: { component: { type: 'application', 'bom-ref': 'release', name: 'Fairfloor', version: revision } },
  components,
  dependencies: [{ ref: 'release', dependsOn: programs.map((p) => p['bom-ref']) }, ...dependencies.sort((a, b) => (a.ref < b.ref ? -1 : 1))],
}
stdout.write(`${JSON.stringify(bill, null, 2)}\n`)
