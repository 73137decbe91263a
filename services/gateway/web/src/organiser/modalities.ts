// The modalities as fields of a form: which there are, what they can be, and which of them one rarely touches.
import type { Rules } from './draft'

export const orders = [
  'list',
  'sainte_lague',
  'lot',
  'categories',
  'room_remote',
  'for_against',
  'first_come',
  'secretariat',
] as const
export const allotments = ['uniform', 'individual', 'fixed'] as const
export const limits = ['gavel', 'soft', 'hard'] as const
export const publications = ['public', 'organisation_only', 'delayed', 'participants_only', 'confidential'] as const
export const evidences = ['keyed', 'none'] as const
export const entryKinds = ['statement', 'question', 'right_of_reply', 'point_of_order'] as const

type KeysOf<T> = { [K in keyof Rules]-?: NonNullable<Rules[K]> extends T ? K : never }[keyof Rules]

/** A length in seconds on the page, ms on the wire. */
export type LengthKey = Exclude<KeysOf<number>, 'replies'>
export type SwitchKey = KeysOf<boolean>

export type Field =
  | { type: 'choice'; key: 'order' | 'allotment' | 'limit' | 'publication' | 'evidence' }
  | { type: 'length'; key: LengthKey }
  | { type: 'switch'; key: SwitchKey }
  | { type: 'number'; key: 'replies' }

/** What is set for nearly every session. */
export const usual: readonly Field[] = [
  { type: 'choice', key: 'order' },
  { type: 'choice', key: 'allotment' },
  { type: 'choice', key: 'limit' },
  { type: 'length', key: 'minimum_ms' },
  { type: 'length', key: 'maximum_ms' },
  { type: 'switch', key: 'open_applications' },
  { type: 'switch', key: 'public_live' },
  { type: 'switch', key: 'joint_statements' },
]

/** What has a sane value and can be left alone. */
export const advanced: readonly Field[] = [
  { type: 'choice', key: 'publication' },
  { type: 'length', key: 'opening_ms' },
  { type: 'length', key: 'closing_ms' },
  { type: 'length', key: 'reserve_ms' },
  { type: 'length', key: 'reserve_kept_ms' },
  { type: 'length', key: 'grace_ms' },
  { type: 'length', key: 'max_handover_ms' },
  { type: 'choice', key: 'evidence' },
  { type: 'number', key: 'replies' },
  { type: 'length', key: 'reply_ms' },
  { type: 'switch', key: 'strict' },
  { type: 'switch', key: 'automatic' },
]

/** Those that are tables of their own. */
export const tables = ['rights', 'order_categories', 'limits', 'group_budgets_ms'] as const

/** Names that people write with commas between them, as a list without empty ones. */
export const named = (text: string): string[] =>
  text
    .split(/[,،、;\n]/)
    .map((one) => one.trim())
    .filter(Boolean)

/** Lines of "name: value" as people write them, and back. A line without a value is left for the server to refuse. */
export const pairs = (text: string): [string, string][] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const at = line.lastIndexOf(':')
      return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    })
