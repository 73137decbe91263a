// The delegate's own statements as the server has them: words by paragraph and sentence, divided in
// one place, so that the numbers that are passed mean the same on both sides.
import type { Session } from '../lib/session.svelte'
import type { Id, TextView } from '../lib/view'

export interface Statement {
  id: Id
  language: string
  words: number
  text: string
  paragraphs: string[][]
  /** Paragraphs that the text itself marks as "may drop". */
  mayDrop: number[]
}

interface Answer {
  words: string
  paragraphs?: string[][] | null
  marks?: string[] | null
}

/** How long after a failure it is tried again, ms. */
const againAfter = 3000

export class Texts {
  all = $state.raw<readonly Statement[]>([])
  failed = $state(false)
  /** Versions that were fetched or are being fetched, by text. */
  private readonly asked = new Map<Id, string>()

  constructor(private readonly session: Session) {}

  /** The own applicant's texts. */
  listed(): TextView[] {
    return Object.values(this.session.me?.texts ?? {})
  }

  /** Fetches what is new. A version has no number in the view, so another count of words or a fresh filing asks again. */
  look(): void {
    for (const text of this.listed()) {
      const version = `${text.words}/${text.language}`
      if (this.asked.get(text.id) !== version) void this.fetch(text, version)
    }
  }

  /** A new version was filed: its words may be as many as before. */
  again(id: Id): void {
    this.asked.delete(id)
    this.look()
  }

  private async fetch(text: TextView, version: string): Promise<void> {
    this.asked.set(text.id, version)
    const found = await this.get(text.id)
    if (!found) {
      this.failed = true
      setTimeout(() => this.again(text.id), againAfter)
      return
    }
    this.failed = false
    const statement: Statement = {
      id: text.id,
      language: text.language,
      words: text.words,
      text: found.words,
      paragraphs: found.paragraphs ?? [],
      mayDrop: (found.marks ?? []).flatMap((mark, i) => (mark === 'may_drop' ? [i + 1] : [])),
    }
    this.all = [...this.all.filter((one) => one.id !== text.id), statement].toSorted((a, b) =>
      a.language.localeCompare(b.language),
    )
  }

  private async get(id: Id): Promise<Answer | undefined> {
    try {
      const answer = await fetch(`/api/v1/sessions/${this.session.id}/texts/${id}`, {
        headers: { Authorization: `Bearer ${this.session.token}` },
        credentials: 'omit',
      })
      return answer.ok ? ((await answer.json()) as Answer) : undefined
    } catch {
      return undefined
    }
  }
}

const known = new WeakMap<Session, Texts>()

/** The texts of a session, the same for all parts of the page. */
export function textsOf(session: Session): Texts {
  const found = known.get(session) ?? new Texts(session)
  known.set(session, found)
  return found
}
