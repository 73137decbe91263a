// The finals of a captioner or of a prompter on their way to the server. They go one batch after
// the other, so that their order is that of speaking; a batch keeps its command id until its
// receipt is here, whatever happens to the line or to the page; what cannot be sent is kept and said.
import { uuid7 } from './live'
import type { Id, Problem, Receipt } from './view'

/** A batch as it is on its way: the same id with the same arguments, until there is a receipt. */
export interface Batch<Item> {
  id: Id
  items: Item[]
  args: unknown
}

export interface Kept<Item> {
  waiting: Item[]
  batch?: Batch<Item>
}

export interface Door<Item> {
  /** The command's arguments for these items, or undefined while they may not be sent (the track is another's). */
  args: (items: Item[]) => unknown
  send: (args: unknown, id: Id) => Promise<Receipt>
  /** Keeps what is not acknowledged, beyond the life of the page where the browser can. */
  keep?: (kept: Kept<Item>) => void
  changed: () => void
  /** Whether what is refused is worth nothing later and is dropped: a sentence that was spoken while another wrote. */
  fleeting?: boolean
}

/** Refusals that say that the words themselves cannot be taken: the same again would be refused again. */
const hopeless = new Set(['invalid', 'malformed', 'too_large'])

export class Outbox<Item> {
  waiting: Item[] = []
  batch?: Batch<Item>
  /** Items that the server does not take, with what it said: the writer sees them and can copy them. */
  refused: { items: Item[]; problem?: Problem }[] = []
  /** Why it stands still: a refusal that another state of the session may lift. */
  problem?: Problem
  private going = false
  /** How many of those that wait go one by one. */
  private alone = 0

  constructor(
    private readonly door: Door<Item>,
    kept?: Kept<Item>,
    /** Most items in one command (pkg/command). */
    private readonly most = 64,
  ) {
    this.waiting = kept?.waiting ?? []
    this.batch = kept?.batch
  }

  /** How many are not acknowledged. */
  get open(): number {
    return this.waiting.length + (this.batch?.items.length ?? 0)
  }

  add(...items: Item[]): void {
    this.waiting.push(...items)
    this.note()
    this.go()
  }

  /** Replaces one that was not sent yet; gives false when it is on its way or gone. */
  replace(same: (item: Item) => boolean, by: Item): boolean {
    const at = this.waiting.findIndex(same)
    if (at < 0) return false
    this.waiting[at] = by
    this.note()
    return true
  }

  /** Tries again: the line is back, or the track is ours again. */
  go(): void {
    if (!this.going) void this.run()
  }

  private note(): void {
    this.door.keep?.({ waiting: this.waiting, batch: this.batch })
    this.door.changed()
  }

  private async run(): Promise<void> {
    this.going = true
    try {
      for (;;) {
        if (!this.batch) {
          const items = this.waiting.slice(0, this.alone > 0 ? 1 : this.most)
          const args = items.length ? this.door.args(items) : undefined
          if (args === undefined) return
          this.waiting = this.waiting.slice(items.length)
          this.alone = Math.max(0, this.alone - items.length)
          this.batch = { id: uuid7(), items, args }
          this.note()
        }
        if (!(await this.deliver(this.batch))) return
      }
    } finally {
      this.going = false
    }
  }

  /** Gives whether the next one may go. */
  private async deliver(batch: Batch<Item>): Promise<boolean> {
    const receipt = await this.door.send(batch.args, batch.id)
    this.batch = undefined
    // Words that are there already, under the same segment and revision, need not go again.
    if (receipt.outcome !== 'refused' || receipt.problem?.code === 'already') {
      this.problem = undefined
      this.note()
      return true
    }
    const problem = receipt.problem
    if (problem && hopeless.has(problem.code) && !this.door.fleeting) {
      // One bad sentence must not take the others of its batch with it: they go one by one.
      if (batch.items.length > 1) {
        this.alone = batch.items.length
        this.waiting = [...batch.items, ...this.waiting]
      } else this.refused = [...this.refused, { items: batch.items, problem }]
      this.note()
      return true
    }
    this.problem = problem
    if (this.door.fleeting) {
      this.note()
      return true
    }
    this.waiting = [...batch.items, ...this.waiting]
    this.note()
    return false
  }
}
