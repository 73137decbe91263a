// Lengths in words, in the viewer's language and its plural forms.
import { locale } from '../i18n'

/** "90 minutes". */
export const minutesOf = (minutes: number): string =>
  new Intl.NumberFormat(locale(), { style: 'unit', unit: 'minute', unitDisplay: 'long' }).format(minutes)
