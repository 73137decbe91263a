// What a delegate is told, how urgently, and how a phone says so.
import { t } from '../i18n'
import type { Notice } from './view'

type Kind = Notice['kind']

/** Vibration: pulses and gaps, ms. None for what can wait until they look. */
const pulses: Partial<Record<Kind, number[]>> = {
  called: [400, 150, 400, 150, 800],
  next: [300, 150, 300],
  third: [250],
  fifth: [250],
  warning: [150],
  expired: [150, 100, 150],
  swap_asked: [150],
}

export const vibration = (kind: Kind): number[] => pulses[kind] ?? []

/** Those that interrupt whatever a screen reader is saying. */
export const assertive = (kind: Kind): boolean => kind === 'called' || kind === 'next' || kind === 'expired'

export const text = (notice: Notice): string => t(`notice.${notice.kind}`)

/** Whether a notice is new, so that the phone says it once: its kind, entry or turn changed. */
export const isNew = (before: Notice | undefined, now: Notice | undefined): boolean =>
  now !== undefined && (before?.kind !== now.kind || before.entry !== now.entry || before.turn !== now.turn)
