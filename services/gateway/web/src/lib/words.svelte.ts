// Words that the view only names, because it never holds any: the glossary and the wishes of
// speakers are fetched when their digest or id appears, once.
import type { Session } from './session.svelte'
import type { Id, Term } from './view'

async function get<T>(session: Session, path: string): Promise<T | undefined> {
  try {
    const answer = await fetch(`/api/v1/sessions/${session.id}/${path}`, {
      headers: { Authorization: `Bearer ${session.token}` },
      credentials: 'omit',
    })
    return answer.ok ? ((await answer.json()) as T) : undefined
  } catch {
    // The line says that it is down; the next change asks again.
    return undefined
  }
}

export class Words {
  terms = $state.raw<readonly Term[]>([])
  /** Texts of corrections that were asked for. */
  wishes = $state.raw<Record<Id, string>>({})
  private digest = ''

  constructor(private readonly session: Session) {}

  /** Fetches what the view names and is not here yet. */
  look(): void {
    const glossary = this.session.view?.glossary
    if (glossary && glossary.digest !== this.digest) {
      this.digest = glossary.digest
      void get<{ terms?: Term[] | null }>(this.session, 'glossary').then((found) => {
        if (found) this.terms = found.terms ?? []
        else this.digest = ''
      })
    }
    for (const { id, answered_at } of Object.values(this.session.view?.corrections ?? {})) {
      if (answered_at || id in this.wishes) continue
      this.wishes = { ...this.wishes, [id]: '' }
      void get<{ text: string }>(this.session, `corrections/${id}`).then((found) => {
        if (found) this.wishes = { ...this.wishes, [id]: found.text }
      })
    }
  }
}
