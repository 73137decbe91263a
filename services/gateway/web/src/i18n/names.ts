// Names inside texts: isolated (Unicode FSI and PDI), so that a name in another script never turns the sentence
// around it. Text.svelte shows them as <bdi>.

const isolate = '\u2068'
const end = '\u2069'

/** Isolates a name, so that it can stand in a text of any direction. */
export const name = (text: string): string => (text ? isolate + text + end : '')

/** Splits a text at its isolated names. */
export function pieces(text: string): { text: string; isolated: boolean }[] {
  const out: { text: string; isolated: boolean }[] = []
  let depth = 0
  let piece = ''
  const push = (isolated: boolean) => {
    if (piece) out.push({ text: piece, isolated })
    piece = ''
  }
  for (const c of text) {
    if (c === isolate) {
      if (depth++ === 0) push(false)
    } else if (c === end && depth > 0) {
      if (--depth === 0) push(true)
    } else piece += c
  }
  push(depth > 0)
  return out
}

/** A text without the marks of isolation, for titles of windows and labels. */
export const bare = (text: string): string => text.replaceAll(isolate, '').replaceAll(end, '')
