// Long lists: every row is there, with its name, for find-in-page, screen readers and the keyboard; what costs, the
// row's facts and times, is there only near the screen. The browser lays out no row that is out of sight (styles.css,
// .far), so that 500 rows cost hardly more than twenty.
import type { Attachment } from 'svelte/attachments'

/** How far from the screen a row is made whole, px: a flick of the wheel or of a thumb. */
const reach = 600

let watcher: IntersectionObserver | undefined
const rows = new Map<Element, (near: boolean) => void>()

/** One watcher for all rows of a page: it tells many of them at once. */
function watch(): IntersectionObserver {
  watcher ??= new IntersectionObserver(
    (seen) => {
      for (const { target, isIntersecting } of seen) rows.get(target)?.(isIntersecting)
    },
    // Inside of a panel that scrolls by itself it is the panel's margin that counts; a browser that does not know it yet
    // makes rows whole when they are seen.
    { rootMargin: `${reach}px 0px`, scrollMargin: `${reach}px 0px` } as IntersectionObserverInit,
  )
  return watcher
}

/** Says whether an element is near the screen, whenever that changes. */
export const near =
  (tell: (near: boolean) => void): Attachment<Element> =>
  (element) => {
    rows.set(element, tell)
    watch().observe(element)
    return () => {
      rows.delete(element)
      watch().unobserve(element)
    }
  }
