// Checks a bill of materials: by the schema of CycloneDX 1.6, that it names what must be in it, and that every reference leads somewhere.
// usage: node check.mjs BILL PROGRAM... ; exit code 1 and a line for each fault
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { readFileSync } from 'node:fs'
import { argv, exit } from 'node:process'

const [file, ...programs] = argv.slice(2)
const text = readFileSync(file, 'utf8')
const bill = JSON.parse(text)
const faults = []

const wrong = await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)
if (wrong !== null) faults.push(`the schema: ${JSON.stringify(wrong)}`)
// The check is not blind: a bill with a wrong type, and one without a name, are refused.
for (const spoil of [(b) => (b.components[0].type = 'thing'), (b) => delete b.components[1].name, (b) => (b.specVersion = 1.6)]) {
  const spoilt = JSON.parse(text)
  spoil(spoilt)
  if ((await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(JSON.stringify(spoilt))) === null) faults.push('the schema takes a spoilt bill')
}

const refs = new Map(bill.components.map((c) => [c['bom-ref'], c]))
if (refs.size !== bill.components.length) faults.push('a reference names two components')
const reached = new Set(bill.dependencies.flatMap((d) => d.dependsOn))
for (const ref of reached) if (!refs.has(ref)) faults.push(`${ref} is depended on, and is not in the bill`)
for (const ref of refs.keys()) if (!reached.has(ref)) faults.push(`nothing depends on ${ref}`)

const of = (program) => bill.dependencies.find((d) => d.ref === program)?.dependsOn ?? []
const holds = (program, purl) => of(program).some((ref) => ref.startsWith(purl))
for (const program of programs) {
  if (!refs.get(program)?.hashes?.length) faults.push(`${program} is not in the bill with its hash`)
  if (!holds(program, 'pkg:generic/go@go1.')) faults.push(`${program} has no Go in it`)
  if (program !== 'nats' && !holds(program, 'pkg:golang/github.com/nats-io/nats.go@v')) faults.push(`${program} has no nats.go in it`)
}
// The server of NATS is in two programs and in no service; Svelte and the fonts are where the pages are.
const expected = {
  'pkg:golang/github.com/nats-io/nats-server/v2@v': ['fairfloor', 'nats'],
  'pkg:npm/svelte@': ['fairfloor', 'gateway'],
  'pkg:npm/%40fontsource-variable/noto-sans@': ['fairfloor', 'gateway'],
}
for (const [purl, where] of Object.entries(expected)) {
  const found = programs.filter((p) => holds(p, purl)).sort()
  if (found.join() !== where.join()) faults.push(`${purl} is in ${found.join(', ') || 'nothing'}, and not in ${where.join(', ')}`)
}

for (const fault of faults) console.error(`${file}: ${fault}`)
if (faults.length > 0) exit(1)
console.error(`${file}: CycloneDX 1.6, ${bill.components.length} components`)
