// Validates the published documents with parsers that are not ours:
//   node tools/docs-check.mjs OPENAPI.json ASYNCAPI.json
// Exit code 1, and one line for each finding, when either is not what its standard asks.
// The parsers are large, so each is loaded only where it is needed.
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'

/**
 * The parsers would follow a reference into another file or host; a reader of the
 * published document could not, so every $ref has to stay inside it.
 * @param {unknown} node
 * @returns {string[]} one finding for each reference that leaves the document
 */
function leavingReferences(node) {
  if (node === null || typeof node !== 'object') return []
  return Object.entries(node).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' && !value.startsWith('#/')
      ? [`$ref ${JSON.stringify(value)} leaves the document`]
      : leavingReferences(value),
  )
}

/**
 * @param {string} text an OpenAPI document as JSON
 * @returns {Promise<string[]>} the findings; none for a valid OpenAPI 3.1 document
 */
export async function checkOpenAPI(text) {
  const document = JSON.parse(text)
  if (!String(document.openapi).startsWith('3.1.')) {
    return [`openapi is ${JSON.stringify(document.openapi)}, want 3.1.x`]
  }
  const leaving = leavingReferences(document)
  if (leaving.length > 0) return leaving
  const { validate } = await import('@readme/openapi-parser')
  const result = await validate(document)
  return result.valid ? [] : result.errors.map((error) => error.message)
}

/**
 * @param {string} text an AsyncAPI document as JSON
 * @returns {Promise<string[]>} the findings; none for a valid AsyncAPI 3 document
 */
export async function checkAsyncAPI(text) {
  const document = JSON.parse(text)
  if (!String(document.asyncapi).startsWith('3.')) {
    return [`asyncapi is ${JSON.stringify(document.asyncapi)}, want 3.x`]
  }
  const leaving = leavingReferences(document)
  if (leaving.length > 0) return leaving
  const { Parser } = await import('@asyncapi/parser')
  const diagnostics = await new Parser().validate(text)
  // Severity 0 is an error and 1 a warning; what is above is advice of style.
  return diagnostics
    .filter((finding) => finding.severity <= 1)
    .map((finding) => `${finding.path.join('.') || '(root)'}: ${finding.message} [${finding.code}]`)
}

/** @param {string[]} paths */
async function main([openapi, asyncapi]) {
  if (!openapi || !asyncapi) {
    console.error('usage: node tools/docs-check.mjs OPENAPI.json ASYNCAPI.json')
    return 2
  }
  let code = 0
  for (const [path, check] of /** @type {const} */ ([
    [openapi, checkOpenAPI],
    [asyncapi, checkAsyncAPI],
  ])) {
    const findings = await check(await readFile(path, 'utf8'))
    if (findings.length > 0) code = 1
    console.log(`${path}: ${findings.length === 0 ? 'valid' : `${findings.length} finding(s)`}`)
    for (const finding of findings) console.log(`  ${finding}`)
  }
  return code
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = await main(process.argv.slice(2))
}
