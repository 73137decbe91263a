import { describe, expect, it } from 'vitest'
import { pressed, shortcut, shortcuts } from './keys'

const press = (key: string, more = {}) => ({
  key,
  code: '',
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  ...more,
})

describe('shortcuts', () => {
  it.each([
    [' ', 'primary'],
    ['n', 'primary'],
    ['N', 'primary'],
    ['p', 'pause'],
    ['o', 'point'],
    ['+', 'extend'],
    ['=', 'extend'],
    ['u', 'undo'],
    ['s', 'speaking'],
    ['b', 'back'],
    ['a', 'absent'],
    ['t', 'thank'],
    ['l', 'lost'],
    ['1', 'please_conclude'],
    ['2', 'you_are_muted'],
    ['3', 'slow_down'],
    ['4', undefined],
    ['?', 'help'],
    ['x', undefined],
    ['Enter', undefined],
    ['Tab', undefined],
    ['Escape', undefined],
  ])('%j does %s', (key, want) => expect(shortcut(press(key))).toBe(want))

  it.each([{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { repeat: true }])('leaves %j alone', (more) => {
    expect(shortcut(press('p', more))).toBeUndefined()
  })

  it('finds a letter by its place on a keyboard of another script', () => {
    expect(shortcut(press('з', { code: 'KeyP' }))).toBe('pause')
    expect(shortcut(press('ح', { code: 'KeyP' }))).toBe('pause')
  })

  it('uses each key once', () => {
    const keys = shortcuts.flatMap((one) => one.keys)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('act only while no control has the focus; Escape leaves it, and nothing where there is none', () => {
    const body = { tag: 'body' } as unknown as HTMLElement
    const button = { tag: 'button' } as unknown as HTMLElement
    const document = (activeElement: unknown): Document =>
      ({ activeElement, body, documentElement: {} }) as unknown as Document
    const event = (key: string, more = {}): KeyboardEvent => press(key, more) as unknown as KeyboardEvent
    expect(pressed(event('n'), document(body))).toBe('primary')
    expect(pressed(event('n'), document(null))).toBe('primary')
    expect(pressed(event('n'), document(button))).toBeUndefined()
    expect(pressed(event('Escape'), document(button))).toBe('leave')
    expect(pressed(event('Escape'), document(body))).toBeUndefined()
    expect(pressed(event('Escape', { defaultPrevented: true }), document(button))).toBeUndefined()
  })
})
