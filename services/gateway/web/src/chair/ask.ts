// The questions that the chair's page asks before it sends something.
import type { Id } from '../lib/view'

export type Question =
  | { kind: 'keys' }
  | { kind: 'more' }
  | { kind: 'ladder' }
  | { kind: 'measures' }
  | { kind: 'order' }
  | { kind: 'enter' }
  | { kind: 'minimum' }
  | { kind: 'notes' }
  | { kind: 'close_list'; part: Id }
  | { kind: 'decline'; applicant: Id }
  | { kind: 'hand_over'; entry: Id }
  | { kind: 'adjourn' }
  | { kind: 'extend' }
  | { kind: 'join' }
  | { kind: 'point' }
  | { kind: 'reassign' }
  | { kind: 'merge'; entry: Id }
  | { kind: 'correct'; turn: Id }
  | { kind: 'reason'; title: string; verb: string; args: Record<string, unknown> }

export type Ask = (question: Question) => void
