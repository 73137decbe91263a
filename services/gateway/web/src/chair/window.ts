// The compact console in a window of its own. Where the browser can, it stays on top of everything (Document
// Picture-in-Picture, over TLS or on this machine only); elsewhere it is an ordinary small window.
import { mount, unmount } from 'svelte'
import type { Session } from '../lib/session.svelte'

/** The size for which it is made, CSS px. */
const size = { width: 400, height: 640 }

interface PictureInPicture {
  requestWindow: (options: { width: number; height: number }) => Promise<Window>
}

/** Gives another window the styles of this page, and its language and direction. */
function dress(other: Window): void {
  const { document: there } = other
  there.title = document.title
  there.documentElement.lang = document.documentElement.lang
  there.documentElement.dir = document.documentElement.dir
  for (const sheet of document.querySelectorAll<HTMLElement>('link[rel="stylesheet"], style'))
    there.head.append(sheet.cloneNode(true))
}

/** Opens the compact console; must be called by a press, as browsers demand. */
export async function openCompact(session: Session): Promise<void> {
  const { documentPictureInPicture: floating } = window as Window & { documentPictureInPicture?: PictureInPicture }
  if (!floating) {
    window.open(`${location.pathname}?compact`, 'fairfloor-compact', `popup,width=${size.width},height=${size.height}`)
    return
  }
  const other = await floating.requestWindow(size)
  // Before the styles are taken over: its own are among them then.
  const { default: Compact } = await import('./Compact.svelte')
  dress(other)
  const compact = mount(Compact, { target: other.document.body, props: { session, on: other } })
  other.addEventListener('pagehide', () => void unmount(compact), { once: true })
}
