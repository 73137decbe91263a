// The chair's single-key shortcuts. They can be switched off, and act only while no
// field or control has the focus (WCAG 2.1.4, decisions.md 38).

export type Shortcut =
  | 'primary'
  | 'pause'
  | 'point'
  | 'extend'
  | 'undo'
  | 'back'
  | 'absent'
  | 'speaking'
  | 'thank'
  | 'lost'
  | 'please_conclude'
  | 'you_are_muted'
  | 'slow_down'
  | 'help'
  | 'leave'

/** Each shortcut with the keys as they are written on a list. */
export const shortcuts: readonly { does: Shortcut; keys: readonly string[] }[] = [
  { does: 'primary', keys: ['Space', 'N'] },
  { does: 'thank', keys: ['T'] },
  { does: 'pause', keys: ['P'] },
  { does: 'point', keys: ['O'] },
  { does: 'extend', keys: ['+'] },
  { does: 'undo', keys: ['U'] },
  { does: 'speaking', keys: ['S'] },
  { does: 'back', keys: ['B'] },
  { does: 'absent', keys: ['A'] },
  { does: 'lost', keys: ['L'] },
  { does: 'please_conclude', keys: ['1'] },
  { does: 'you_are_muted', keys: ['2'] },
  { does: 'slow_down', keys: ['3'] },
  { does: 'help', keys: ['?'] },
  { does: 'leave', keys: ['Esc'] },
]

type Press = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'repeat'>

const byKey = new Map(shortcuts.flatMap(({ does, keys }) => keys.map((key) => [key, does] as const)))

/** What a key press means; a letter is taken from its place on the keyboard where the script is another. */
export function shortcut(press: Press): Shortcut | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey || press.repeat) return undefined
  if (press.key === ' ') return 'primary'
  if (press.key === '=' || press.key === '+') return 'extend'
  const latin = /^[a-z?1-3]$/i.test(press.key) ? press.key : /^(?:Key|Digit)([A-Z1-3])$/.exec(press.code)?.[1]
  return latin ? byKey.get(latin.toUpperCase()) : undefined
}

/** Whether the focus is where a key would do something by itself. */
export const occupied = (focused: Element | null, of: Document = document): boolean =>
  focused !== null && focused !== of.body && focused !== of.documentElement

/**
 * The shortcut that a key press means in a window. While a field or control has the focus there, only Escape means
 * something: it is left, so that whoever runs a session by keyboard comes from the list back to the keys.
 */
export function pressed(event: KeyboardEvent, of: Document = document): Shortcut | undefined {
  if (event.defaultPrevented) return undefined
  if (occupied(of.activeElement, of)) return event.key === 'Escape' ? 'leave' : undefined
  return shortcut(event)
}

/** Leaves the field or control that has the focus; Tab goes on from there. */
export const leave = (of: Document = document): void => (of.activeElement as HTMLElement | null)?.blur()

const stored = 'fairfloor.shortcuts'

/** Whether shortcuts are on, in this browser; they are until somebody switches them off. */
export function enabled(): boolean {
  try {
    return localStorage.getItem(stored) !== 'off'
  } catch {
    return true
  }
}

export function enable(on: boolean): void {
  try {
    localStorage.setItem(stored, on ? 'on' : 'off')
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}
