// What a demanding eye looks for on a page, so that a browser can: nothing too wide, nothing cut, nothing covered,
// and a focus that can be seen wherever Tab goes.
import type { Page } from 'playwright-core'

/** How far a page is wider and taller than the screen, CSS px. */
export const overflow = (page: Page): Promise<{ wide: number; tall: number }> =>
  page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - innerWidth,
    tall: document.documentElement.scrollHeight - innerHeight,
  }))

/**
 * Texts that cannot be read whole: they stick out of the screen, or of a box that hides what sticks out. What scrolls
 * by itself can be scrolled to; what is for screen readers only is not meant to be seen; an ellipsis is a decision,
 * which an element marks with data-ellipsis.
 */
export const cut = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const found: string[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent?.trim()
      const parent = node.parentElement
      if (!text || !parent || parent.closest('.unseen, [data-ellipsis], script, style, option, dialog:not([open])'))
        continue
      if (!parent.checkVisibility({ checkVisibilityCSS: true, checkOpacity: true })) continue
      const range = document.createRange()
      range.selectNodeContents(node)
      const box = range.getBoundingClientRect()
      if (!box.width) continue
      const out = (left: number, right: number): boolean => box.left < left - 1 || box.right > right + 1
      let wrong = false
      let scrolls = false
      for (let up: Element | null = parent; up && !wrong && !scrolls; up = up.parentElement) {
        const style = getComputedStyle(up)
        const { left, right, top, bottom } = up.getBoundingClientRect()
        if (/hidden|clip/.test(style.overflowX)) wrong = out(left, right)
        if (/hidden|clip/.test(style.overflowY)) wrong ||= box.top < top - 2 || box.bottom > bottom + 2
        // Wider than its own box, it is scrolled to; whether the box itself is in the screen, the page's width tells.
        scrolls = /auto|scroll/.test(style.overflowX) && up.scrollWidth > up.clientWidth
        if (/auto|scroll/.test(style.overflowY + style.overflowX)) break
      }
      if (!scrolls) wrong ||= out(0, innerWidth)
      if (wrong) found.push(`${parent.tagName.toLowerCase()}.${parent.className}: ${text.slice(0, 60)}`)
    }
    return found
  })

/** Controls in view of which another element lies on top: what axe does not look for. */
export const covered = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, a[href], select, input')]
      .filter((control) => {
        const { left, top, width, height } = control.getBoundingClientRect()
        const [x, y] = [left + width / 2, top + height / 2]
        // What a panel has scrolled away lies behind the panel's edge, not under something.
        let panel: Element | null = control.parentElement
        while (panel && !/auto|scroll/.test(getComputedStyle(panel).overflowY)) panel = panel.parentElement
        const edge = panel?.getBoundingClientRect()
        // A file input of a point, which the button beside it opens, is not in view.
        if (width <= 1 || !control.checkVisibility({ checkVisibilityCSS: true, contentVisibilityAuto: true }))
          return false
        if (y > innerHeight || y < 0 || (edge && (y < edge.top || y > edge.bottom))) return false
        const there = document.elementFromPoint(x, y)
        return there !== null && !control.contains(there) && !there.contains(control)
      })
      .map((control) => control.innerText || control.id || control.tagName),
  )

/**
 * Walks through a page by Tab until the focus comes round, and says where it could not be seen: no outline, or
 * outside of the screen. Fails to end only when Tab does, so it stops after `most` steps and says so.
 */
export async function hiddenFocus(page: Page, most = 150): Promise<{ wrong: string[]; stops: number }> {
  const wrong: string[] = []
  await page.evaluate(() => {
    // From the top of the page: where the focus was last is where Tab would go on from.
    const top = document.createElement('span')
    top.tabIndex = -1
    document.body.prepend(top)
    top.focus()
    top.remove()
    for (const one of document.querySelectorAll('[data-stop]')) one.removeAttribute('data-stop')
  })
  for (let stops = 0; stops < most; stops++) {
    await page.keyboard.press('Tab')
    const seen = await page.evaluate(() => {
      const at = document.activeElement as HTMLElement | null
      if (!at || at === document.body) return 'end'
      if (at.dataset.stop) return 'end'
      at.dataset.stop = 'seen'
      const { outlineStyle, outlineWidth } = getComputedStyle(at)
      const { left, right, top, bottom } = at.getBoundingClientRect()
      const name = `${at.tagName.toLowerCase()} ${(at.getAttribute('aria-label') ?? at.innerText).slice(0, 40)}`
      if (outlineStyle === 'none' || parseFloat(outlineWidth) < 2) return `no outline: ${name}`
      if (right <= 0 || left >= innerWidth || bottom <= 0 || top >= innerHeight) return `out of view: ${name}`
      return ''
    })
    if (seen === 'end') return { wrong, stops }
    if (seen) wrong.push(seen)
  }
  return { wrong: [...wrong, `Tab did not come round in ${most} steps`], stops: most }
}
