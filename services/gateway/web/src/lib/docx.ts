// The text of a statement's file: plain text as it is, a Word document (.docx) by its paragraphs.
// A .docx is a zip archive (APPNOTE 6.3) with WordprocessingML in it (ECMA-376); the browser
// inflates, and of the rest only what a statement needs is read: no other file leaves the device.

/** Why a file cannot be read. */
export class Unreadable extends Error {}

const largest = 5 << 20

/** The text of a file, paragraphs divided by an empty line. */
export async function textOfFile(file: Blob & { name: string }): Promise<string> {
  if (file.size > largest) throw new Unreadable('too large')
  const bytes = new Uint8Array(await file.arrayBuffer())
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) return documentText(await entry(bytes, 'word/document.xml'))
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n').trim()
  } catch {
    throw new Unreadable('not UTF-8')
  }
}

/** One file of a zip archive, found by the central directory at its end. */
async function entry(zip: Uint8Array<ArrayBuffer>, wanted: string): Promise<string> {
  const view = new DataView(zip.buffer)
  let end = zip.length - 22
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end--
  if (end < 0) throw new Unreadable('no directory')
  let at = view.getUint32(end + 16, true)
  for (let i = view.getUint16(end + 10, true); i > 0; i--) {
    if (at + 46 > zip.length || view.getUint32(at, true) !== 0x02014b50) break
    const [name, extra, comment] = [28, 30, 32].map((offset) => view.getUint16(at + offset, true)) as [
      number,
      number,
      number,
    ]
    if (new TextDecoder().decode(zip.subarray(at + 46, at + 46 + name)) === wanted) {
      const local = view.getUint32(at + 42, true)
      const from = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true)
      const data = zip.subarray(from, from + view.getUint32(at + 20, true))
      return view.getUint16(at + 10, true) === 0 ? new TextDecoder().decode(data) : inflate(data)
    }
    at += 46 + name + extra + comment
  }
  throw new Unreadable('no document')
}

async function inflate(data: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([data]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  return new Response(stream).text()
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Text of runs; a paragraph's end is an empty line, a tab a space, a break a line end. What was deleted is left out. */
export function documentText(xml: string): string {
  let out = ''
  for (const match of xml.matchAll(/<w:t(?:\s[^>]*)?>([^<]*)<\/w:t>|<w:(tab|br)(?:\s[^>]*)?\/>|<\/w:p>/g)) {
    if (match[1] !== undefined) out += match[1]
    else if (match[2]) out += match[2] === 'br' ? '\n' : ' '
    else out += '\n\n'
  }
  const decoded = out.replace(
    /&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi,
    (whole, hex?: string, dec?: string, named?: string) =>
      hex || dec ? String.fromCodePoint(hex ? parseInt(hex, 16) : Number(dec)) : (entities[named!] ?? whole),
  )
  return decoded.replace(/\n{3,}/g, '\n\n').trim()
}
