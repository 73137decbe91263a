// The session's record as the gateway gives it, and what is drawn of it.

export interface Published {
  turns: {
    number: number
    organisation: string
    begun_at_ms: number
    offered_ms: number
    added_ms?: number
    used_ms: number
    how: string
  }[]
  figures: {
    applied: number
    present: number
    heard: number
    not_reached: number
    jain_offered: number
    shortest_offered_ms: number
    longest_offered_ms: number
    handover_mean_ms: number
    eta_start_mae_s: number
    eta5_mae_s: number
    overrun_s: number
  }
}

/** Turns as bars: what was given in the end, what was used, and whether somebody else ended one that was over. */
export const barsOf = (record: Published): { offered_ms: number; used_ms: number; cut: boolean }[] =>
  record.turns.map((turn) => {
    const offered_ms = turn.offered_ms + (turn.added_ms ?? 0)
    return { offered_ms, used_ms: turn.used_ms, cut: turn.how !== 'yielded' && turn.used_ms > offered_ms }
  })

/** By how much a turn began later than was first announced, ms. */
export interface EtaError {
  number: number
  ms: number
}
