// @ts-nocheck: run by node beside a Go test; of the parsers that it calls hardly one has types.
// Reads exported captions with parsers that are not ours, and prints what they understood as JSON:
//   node tools/captions-read.mjs FILE...      (the suffix is the format: vtt, srt, ttml, md, json)
// For each file one line {file, problems, note, cues | blocks}; problems is empty for a file without a fault.
// WebVTT: the W3C validator's parser; TTML: imsc (of the TTML working group's chair); SRT: srt-parser-2;
// Markdown: commonmark (the reference implementation).
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)

/**
 * @typedef {{from: number, to: number, voice: string, rows: string[]}} Cue times in ms
 * @typedef {{problems: string[], note: string, cues?: Cue[], blocks?: string[]}} Read
 */

/**
 * The text of a WebVTT cue's tree, with its voice. The parser decodes character
 * references in text but not in a voice's name, where the standard wants it too.
 */
function vttText(node, cue) {
  if (node.type === 'text') return node.value
  if (node.name === 'v') {
    const references = require('webvtt-parser/html-entities.json')
    cue.voice = (node.value ?? '').replace(/&\w+;/g, (reference) => references[reference] ?? reference)
  }
  return (node.children ?? []).map((child) => vttText(child, cue)).join('')
}

/** @param {string} text @returns {Read} */
export function readVTT(text) {
  const { WebVTTParser } = require('webvtt-parser')
  const parsed = new WebVTTParser(require('webvtt-parser/html-entities.json')).parse(text, 'captions')
  const cues = parsed.cues.map((found) => {
    const cue = { from: Math.round(found.startTime * 1000), to: Math.round(found.endTime * 1000), voice: '', rows: [] }
    cue.rows = vttText(found.tree, cue).split('\n')
    return cue
  })
  const comment = /\n\nNOTE\n([\s\S]*?)\n\n/.exec(`${text}\n`)
  return {
    problems: parsed.errors.map((e) => `line ${e.line}, column ${e.col}: ${e.message}`),
    note: comment ? comment[1] : '',
    cues,
  }
}

/** @param {string} text @returns {Read} */
export function readSRT(text) {
  const { default: Parser } = require('srt-parser-2')
  const cues = new Parser().fromSrt(text).map((found) => ({
    from: Math.round(found.startSeconds * 1000),
    to: Math.round(found.endSeconds * 1000),
    voice: '',
    rows: found.text.split('\n'),
  }))
  return { problems: [], note: cues.length > 0 ? cues[0].rows.join(' ') : '', cues }
}

/** The rows of a TTML paragraph: its spans, broken at each br. */
function ttmlRows(node, rows) {
  if (node.kind === 'br') rows.push('')
  if (typeof node.text === 'string') rows[rows.length - 1] += node.text
  for (const child of node.contents ?? []) ttmlRows(child, rows)
  return rows
}

/** @param {string} text @returns {Read} */
export function readTTML(text) {
  // Its main module wants a browser; the reader alone does not.
  const { fromXML } = require('imsc/src/main/js/doc.js')
  const problems = []
  const say = (message) => void problems.push(String(message))
  const voices = new Map()
  let agent = ''
  let note = ''
  let inside = ''
  const document = fromXML(
    text,
    { info() {}, warn: say, error: say, fatal: say },
    {
      // Called for each element in a foreign or metadata namespace.
      onOpenTag(_namespace, name, attributes) {
        inside = name
        for (const a of Object.values(attributes ?? {})) if (a.local === 'id') agent = a.value
      },
      onCloseTag() {
        inside = ''
      },
      onText(found) {
        if (inside === 'desc') note += found
        if (inside === 'name') voices.set(agent, found)
      },
    },
  )
  const cues = []
  const visit = (node) => {
    if (node.kind === 'p') {
      cues.push({
        from: Math.round(node.begin * 1000),
        to: Math.round(node.end * 1000),
        voice: '',
        rows: ttmlRows(node, ['']),
      })
      return
    }
    for (const child of node.contents ?? []) visit(child)
  }
  if (document?.body) visit(document.body)
  else problems.push('no body')
  return { problems, note, cues }
}

/** @param {string} text @returns {Read} headings and paragraphs as plain text; anything else is a problem */
export function readMarkdown(text) {
  const { Parser } = require('commonmark')
  const walker = new Parser().parse(text).walker()
  const problems = []
  const blocks = []
  const expected = ['document', 'heading', 'paragraph', 'block_quote', 'text', 'emph', 'softbreak']
  for (let step = walker.next(); step; step = walker.next()) {
    const { node, entering } = step
    if (!entering) continue
    if (!expected.includes(node.type)) problems.push(`a ${node.type} where only text was written`)
    if (node.type === 'heading' || node.type === 'paragraph') blocks.push('')
    if (node.literal) blocks[blocks.length - 1] += node.literal
  }
  return { problems, note: blocks.find((b) => b !== blocks[0]) ?? '', blocks }
}

/** @param {string} text @returns {Read} */
export function readJSON(text) {
  const document = JSON.parse(text)
  const last = (segment) => segment.revisions[segment.revisions.length - 1]
  return { problems: [], note: document.note, blocks: document.segments.map((segment) => last(segment).text) }
}

const readers = { '.vtt': readVTT, '.srt': readSRT, '.ttml': readTTML, '.md': readMarkdown, '.json': readJSON }

async function main(files) {
  for (const file of files) {
    const read = readers[extname(file)]
    if (!read) throw new Error(`${file}: no reader for this suffix`)
    console.log(JSON.stringify({ file, ...read(await readFile(file, 'utf8')) }))
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2))
