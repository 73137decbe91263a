// The state of a track of captions, in words.
import { locale, name, t } from '../i18n'
import { languageName, type Segment } from '../lib/captions'
import type { TrackView } from '../lib/view'

export const inWords = (tag: string): string => languageName(tag, locale())

/** One sentence: whether captions come, from whom, and if not, why. */
export function state(track: TrackView | undefined): string {
  if (!track) return ''
  const language = inWords(track.track)
  switch (track.state) {
    case 'held':
      return track.held_because
        ? t('captions.held', { spoken: inWords(track.held_because), track: language })
        : t('captions.held_unnamed', { track: language })
    case 'interrupted':
      return t('captions.interrupted')
    case 'live':
      return track.source?.label ? t('captions.live', { source: name(track.source.label) }) : t('captions.live_unnamed')
    default:
      return t('captions.idle', { track: language })
  }
}

/** Whose words they are, as it stands above them. The chair is named by the page, in its own language. */
export function whose({ speaker }: Segment): string {
  if (speaker.chair && (!speaker.label || speaker.label === 'Chair')) return t('captions.chair')
  return speaker.label || t('captions.unknown')
}
