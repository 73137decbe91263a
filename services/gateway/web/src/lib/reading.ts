// How somebody wants to read captions: kept in their browser, and nowhere else.

export interface Reading {
  /** Steps of text size, 0 to 3. */
  size: number
  /** 0 normal, 1 wide: lines, letters and words, at least as WCAG 1.4.12 names them. */
  spacing: number
  contrast: 'page' | 'light' | 'dark'
  font: 'sans' | 'serif' | 'system'
  /** The track that was chosen last. */
  track?: string
}

export const usual: Reading = { size: 0, spacing: 0, contrast: 'page', font: 'sans' }

const stored = 'fairfloor.reading'

/** What was chosen before; anything that makes no sense is as usual. */
export function remembered(): Reading {
  try {
    return sound(JSON.parse(localStorage.getItem(stored) ?? '{}'))
  } catch {
    return usual
  }
}

export function remember(reading: Reading): void {
  try {
    localStorage.setItem(stored, JSON.stringify(reading))
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

const one = <T>(value: unknown, of: readonly T[], otherwise: T): T =>
  of.includes(value as T) ? (value as T) : otherwise

/** Takes what makes sense of anything that was stored. */
export function sound(value: unknown): Reading {
  const given = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  return {
    size: one(given.size, [0, 1, 2, 3], usual.size),
    spacing: one(given.spacing, [0, 1], usual.spacing),
    contrast: one(given.contrast, ['page', 'light', 'dark'] as const, usual.contrast),
    font: one(given.font, ['sans', 'serif', 'system'] as const, usual.font),
    ...(typeof given.track === 'string' ? { track: given.track } : {}),
  }
}
