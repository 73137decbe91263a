// The chair's single-key shortcuts. They can be switched off, and act only while no
// field or control has the focus (WCAG 2.1.4, decisions.md 38).

export type Shortcut =
  'primary' | 'pause' | 'point' | 'extend' | 'undo' | 'back' | 'absent' | 'speaking' | 'thank' | 'help'

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
  { does: 'help', keys: ['?'] },
]

type Press = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'repeat'>

const byKey = new Map(shortcuts.flatMap(({ does, keys }) => keys.map((key) => [key, does] as const)))

/** What a key press means; a letter is taken from its place on the keyboard where the script is another. */
export function shortcut(press: Press): Shortcut | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey || press.repeat) return undefined
  if (press.key === ' ') return 'primary'
  if (press.key === '=' || press.key === '+') return 'extend'
  const latin = /^[a-z?]$/i.test(press.key) ? press.key : /^Key([A-Z])$/.exec(press.code)?.[1]
  return latin ? byKey.get(latin.toUpperCase()) : undefined
}

/** Whether the focus is where a key would do something by itself. */
export const occupied = (focused: Element | null): boolean =>
  focused !== null && focused !== document.body && focused !== document.documentElement

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
