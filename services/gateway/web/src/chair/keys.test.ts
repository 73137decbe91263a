import { describe, expect, it } from 'vitest'
import { shortcut, shortcuts } from './keys'

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
})
