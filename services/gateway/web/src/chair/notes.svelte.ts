// Private notes between the chair and the secretariat: the view names them, their words are fetched whenever another
// one is named, and kept nowhere but on this page.
import type { Session } from '../lib/session.svelte'
import type { Id } from '../lib/view'

export interface PrivateNote {
  id: Id
  at: number
  by: string
  text: string
}

/** How long after a failure it is tried again, ms. */
const againAfter = 2000

export class Notes {
  all = $state.raw<readonly PrivateNote[]>([])
  failed = $state(false)
  /** The latest note that was read on this page, session time. */
  read = $state(0)
  private version = ''

  constructor(private readonly session: Session) {
    // What was written before this page was opened is not new.
    this.read = session.view?.notes?.at(-1)?.at ?? 0
  }

  /** How many came since the notes were last open. */
  get unread(): number {
    return (this.session.view?.notes ?? []).filter((note) => note.at > this.read).length
  }

  /** The notes are on the screen. */
  seen(): void {
    this.read = Math.max(this.read, this.session.view?.notes?.at(-1)?.at ?? 0)
  }

  /** Fetches the words when other notes are named than those that are here. */
  look(): void {
    const version = (this.session.view?.notes ?? []).map((note) => note.id).join()
    if (version === this.version) return
    this.version = version
    void this.fetch(version)
  }

  private async fetch(version: string): Promise<void> {
    try {
      const answer = await fetch(`/api/v1/sessions/${this.session.id}/notes`, {
        headers: { Authorization: `Bearer ${this.session.token}` },
        credentials: 'omit',
      })
      if (!answer.ok) throw new Error(String(answer.status))
      const { notes } = (await answer.json()) as { notes: PrivateNote[] }
      if (version !== this.version) return
      this.all = notes
      this.failed = false
    } catch {
      if (version !== this.version) return
      this.failed = true
      this.version = ''
      setTimeout(() => this.look(), againAfter)
    }
  }
}

const known = new WeakMap<Session, Notes>()

/** The notes of a session, the same for all parts of the page. */
export function notesOf(session: Session): Notes {
  const found = known.get(session) ?? new Notes(session)
  known.set(session, found)
  return found
}
