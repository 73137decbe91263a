// What this device last knew of a session, for a page that is opened without a network: shown as what it was, with its
// time, never as if it were so now. It holds what the viewer's own page said, and nobody's name.
import { place } from './place'
import type { Me, Phase, View } from './view'

export interface Known {
  title: string
  phase: Phase
  /** Session time at which it was so, ms since 1970. */
  at: number
  /** One's own place on the list, and how many waited. */
  place?: number
  of?: number
}

const key = (code: string): string => `fairfloor.known.${code}`

/** What is worth keeping of a view. */
export function known(view: View, me: Me | undefined, at: number): Known {
  return { title: view.session.title, phase: view.session.phase, at, ...place(view, me) }
}

export function keep(code: string, one: Known): void {
  try {
    localStorage.setItem(key(code), JSON.stringify(one))
  } catch {
    // A browser without storage says only that it is offline.
  }
}

export function recall(code: string): Known | undefined {
  try {
    const one = JSON.parse(localStorage.getItem(key(code)) ?? 'null') as Known | null
    return one && typeof one.at === 'number' && typeof one.title === 'string' ? one : undefined
  } catch {
    return undefined
  }
}
