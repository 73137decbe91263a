// When somebody speaks, in words: a range, never a promise to the second.
import { locale, t } from '../i18n'
import { nextEntry } from './floor'
import type { EntryView, View } from './view'

/**
 * How much later everybody speaks by now, ms: what the running turn has taken beyond its expected end; while the
 * floor is free, what has passed since the next one was expected to begin.
 */
export function shift(view: View, now: number | undefined): number {
  if (now === undefined) return 0
  const due = view.floor.turn ? view.floor.expected_end : nextEntry(view)?.start?.middle
  return due === undefined ? 0 : Math.max(0, now - due)
}

/** Longer ahead than this a time of day says more than minutes, ms. */
const clockBeyond = 90 * 60_000

/** "in 12 to 16 min" for a waiting entry; nothing for one that does not wait. */
export function eta(view: View, entry: EntryView, now: number | undefined): string {
  if (entry.state !== 'waiting') return ''
  if (!entry.reached) return t('eta.not_reached')
  if (!entry.start || now === undefined) return t('eta.unknown')
  const late = shift(view, now)
  const low = entry.start.low + late - now
  const high = entry.start.high + late - now
  if (low > clockBeyond)
    return t('eta.clock', { low: timeOfDay(entry.start.low + late), high: timeOfDay(entry.start.high + late) })
  const from = Math.max(0, Math.floor(low / 60_000))
  const to = Math.max(1, Math.ceil(high / 60_000))
  if (high <= 30_000) return t('eta.now')
  if (from === 0) return t('eta.soon', { count: to })
  if (to - from <= 1) return t('eta.about', { count: to })
  return t('eta.range', { low: from, count: to })
}

/** Making a formatter takes a hundred times as long as using it, and a list has many times. */
const formats = new Map<string, Intl.DateTimeFormat>()

/** A time of day in the viewer's zone, or in the one that is named. */
export function timeOfDay(at: number, zone?: string, seconds = false): string {
  const key = `${locale()} ${zone ?? ''} ${seconds}`
  let format = formats.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(locale(), {
      hour: '2-digit',
      minute: '2-digit',
      second: seconds ? '2-digit' : undefined,
      hourCycle: 'h23',
      timeZone: zone,
    })
    formats.set(key, format)
  }
  return format.format(at)
}

/** A time of day as a field for times takes it, in any language: HH:MM:SS in the viewer's zone. */
export const fieldTime = (at: number): string => new Date(at).toTimeString().slice(0, 8)

/** The instant at which the viewer's clock shows a time (HH:MM or HH:MM:SS) nearest to another instant. */
export function nearest(to: number, time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number)
  const day = (off: number): number => {
    const at = new Date(to)
    at.setDate(at.getDate() + off)
    return at.setHours(hours, minutes, seconds, 0)
  }
  return [day(-1), day(0), day(1)].reduce((best, at) => (Math.abs(at - to) < Math.abs(best - to) ? at : best))
}
