import { describe, expect, it } from 'vitest'
import { documentText, textOfFile } from './docx'

const paragraph = (...runs: string[]): string =>
  `<w:p><w:pPr/>${runs.map((run) => `<w:r><w:t xml:space="preserve">${run}</w:t></w:r>`).join('')}</w:p>`

const xml = `<w:document><w:body>${paragraph('Thank you, ', 'Chair.')}${paragraph()}${paragraph('A &amp; B: &#1588;&#x643;&#x631;')}</w:body></w:document>`
const text = 'Thank you, Chair.\n\nA & B: شكر'

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text))

async function deflated(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** A record of a zip archive: numbers at their offsets, little-endian. */
function recordOf(
  length: number,
  fields: readonly (readonly [at: number, size: 2 | 4, value: number])[],
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(length))
  for (const [at, size, value] of fields) size === 2 ? view.setUint16(at, value, true) : view.setUint32(at, value, true)
  return new Uint8Array(view.buffer)
}

/** A zip archive of one file beside another. */
async function zip(name: string, content: string, packed: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const files = [
    { name: bytesOf('other.xml'), data: bytesOf('<x/>'), method: 0 },
    { name: bytesOf(name), data: packed ? await deflated(content) : bytesOf(content), method: packed ? 8 : 0 },
  ]
  const parts: Uint8Array<ArrayBuffer>[] = []
  const directory: Uint8Array<ArrayBuffer>[] = []
  let at = 0
  for (const { name, data, method } of files) {
    parts.push(
      recordOf(30, [
        [0, 4, 0x04034b50],
        [8, 2, method],
        [26, 2, name.length],
      ]),
      name,
      data,
    )
    directory.push(
      recordOf(46, [
        [0, 4, 0x02014b50],
        [10, 2, method],
        [20, 4, data.length],
        [28, 2, name.length],
        [42, 4, at],
      ]),
      name,
    )
    at += 30 + name.length + data.length
  }
  const end = recordOf(22, [
    [0, 4, 0x06054b50],
    [10, 2, files.length],
    [16, 4, at],
  ])
  return new Uint8Array(await new Blob([...parts, ...directory, end]).arrayBuffer())
}

const file = (content: BlobPart, name: string): File => new File([content], name)

describe('a statement is taken from', () => {
  it.each([true, false])('a Word document (packed: %s)', async (packed) => {
    expect(await textOfFile(file(await zip('word/document.xml', xml, packed), 'statement.docx'))).toBe(text)
  })

  it('a text file, whatever its line ends', async () => {
    expect(await textOfFile(file('One.\r\n\r\nTwo.\n', 'statement.txt'))).toBe('One.\n\nTwo.')
  })
})

describe('what is no statement is refused', () => {
  it.each([
    ['a text that is not UTF-8', Uint8Array.of(0xff, 0xfe, 0x41)],
    ['an archive without a document', zip('else.xml', xml, true)],
    ['half an archive', zip('word/document.xml', xml, true).then((whole) => whole.slice(0, 60))],
  ])('%s', async (_, content) => {
    await expect(textOfFile(file(await content, 'x'))).rejects.toThrow()
  })
})

it('breaks and tabs are kept as blanks', () => {
  expect(documentText('<w:p><w:r><w:t>a</w:t><w:br/><w:t>b</w:t><w:tab/><w:t>c</w:t></w:r></w:p>')).toBe('a\nb c')
})
