// What a captioner types becomes captions: keystrokes are the partial; the end of a sentence,
// Enter, or two seconds without a key make it final.

/** Time without a key after which what stands there is final, ms. */
export const idleAfter = 2000

/** Longest text of one segment, characters (pkg/command). */
export const longest = 1000

// Full stops, question and exclamation marks of the scripts that are written here, with closing quotes and brackets.
// Where words are set apart by spaces the end needs one behind it, or 3.5 and "example.org" would be cut.
const ends = /[.!?…؟۔।]+["'”’»)\]]*(?=\s)|[。！？]+["'”’」』）]*/gu

// What stands before a full stop that ends no sentence: titles and short forms, and single letters.
const short =
  /(?:^|[\s(«“"])(?:\p{L}|Mr|Mrs|Ms|Mx|Dr|Prof|St|Amb|Hon|No|Nos|vs|etc|e\.g|i\.e|H\.E|S\.E|M|Mme|Mlle|Sr|Sra|Ud|art|para|р|г|т\.е|т\.к)\.$/iu

/** Divides what was typed: whole sentences, and what is still being typed. */
export function sentences(text: string): { finals: string[]; rest: string } {
  const finals: string[] = []
  let from = 0
  for (const match of text.matchAll(ends)) {
    const to = match.index + match[0].length
    const sentence = text.slice(from, to)
    if (match[0].startsWith('.') && short.test(sentence)) continue
    if (sentence.trim()) finals.push(...portions(sentence.trim()))
    from = to
  }
  const rest = text.slice(from)
  // A line without an end is cut before it gets longer than a segment may be.
  if (rest.length <= longest) return { finals, rest: from ? rest.trimStart() : rest }
  const cut = portions(rest.trim())
  return { finals: [...finals, ...cut.slice(0, -1)], rest: cut.at(-1) ?? '' }
}

/** Cuts a text into pieces of at most the longest length, at its last space where there is one. */
export function portions(text: string): string[] {
  const out: string[] = []
  let left = text
  while (left.length > longest) {
    const space = left.lastIndexOf(' ', longest)
    const at = space > 0 ? space : longest
    out.push(left.slice(0, at).trim())
    left = left.slice(at).trim()
  }
  if (left) out.push(left)
  return out
}
