// What makes the page an app: the service worker, the manifest in the viewer's language, installing, and the page that
// was used last, which an installed app opens. Over plain http browsers give none of it.
import { language, speak } from '../i18n'
import { codeOf, keptKey, pageIn } from './link'

const lastKey = 'fairfloor.last'
/** For how long the last page is worth opening again, ms: a session and the day around it. */
const lastFor = 36 * 3_600_000

interface InstallPrompt extends Event {
  prompt: () => Promise<void>
  userChoice: Promise<{ outcome: 'accepted' | 'dismissed' }>
}

/** Whether the browser offers to install, and whether this is the installed app already. */
export const install = $state<{ offered?: InstallPrompt; installed: boolean }>({ installed: false })

/** Begins what every page has of an app. */
export function begin(): void {
  install.installed = matchMedia('(display-mode: standalone)').matches
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault()
    install.offered = event as InstallPrompt
  })
  addEventListener('appinstalled', () => {
    install.offered = undefined
    install.installed = true
    keepLink()
  })
  if (install.installed) keepLink()
  remember()
  $effect.root(() => {
    $effect(() => {
      const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]')
      if (link) link.href = `/app-${language()}.webmanifest`
    })
  })
  addEventListener('vite:preloadError', (event) => {
    event.preventDefault()
    void replaced()
  })
  if (import.meta.env.PROD && 'serviceWorker' in navigator) void work()
}

/**
 * A file of the page did not come. When the build was replaced while the page was open, it has none of its later files
 * any more and begins anew; when it is the network that is away, the page stays: it is all that its reader has.
 */
async function replaced(): Promise<void> {
  try {
    const again = Number(sessionStorage.getItem('fairfloor.anew') ?? 0)
    if (Date.now() - again < 10_000) return
    // The worker keeps files, so it is the server that is asked whether it still has this one.
    const answer = await fetch(import.meta.url, { method: 'HEAD', cache: 'no-store', credentials: 'omit' })
    if (answer.status !== 404) return
    sessionStorage.setItem('fairfloor.anew', String(Date.now()))
    location.reload()
  } catch {
    // Nobody answers.
  }
}

/** Registers the worker and has it keep the files of this page, once they are all there. */
async function work(): Promise<void> {
  try {
    // What the page itself needs comes first on a slow line.
    await new Promise((resolve) =>
      document.readyState === 'complete' ? resolve(0) : addEventListener('load', resolve),
    )
    await new Promise((resolve) => setTimeout(resolve, 1500))
    // What is said without a network must be here before.
    await speak(['aside'])
    const { serviceWorker } = navigator
    await serviceWorker.register('/sw.js')
    const { active } = await serviceWorker.ready
    const page = pageIn(location.pathname) ?? 'index'
    const files = performance
      .getEntriesByType('resource')
      .map((entry) => new URL(entry.name))
      .filter((url) => url.origin === location.origin && url.pathname.startsWith('/assets/'))
      .map((url) => url.pathname)
    active?.postMessage({ keep: { page, files } })
  } catch {
    // A browser that keeps nothing shows the pages all the same.
  }
}

/** Asks the browser's own question whether to install. */
export async function ask(): Promise<void> {
  const offered = install.offered
  install.offered = undefined
  await offered?.prompt()
}

/** Notes the page that an installed app opens next. */
function remember(): void {
  const page = pageIn(location.pathname)
  if (!page) return
  try {
    localStorage.setItem(lastKey, JSON.stringify({ path: location.pathname + location.search, at: Date.now() }))
  } catch {
    // Without storage the app asks for a code.
  }
}

/** The page that was used last, or nothing when that is too long ago. */
export function last(now = Date.now()): string | undefined {
  try {
    const { path, at } = JSON.parse(localStorage.getItem(lastKey) ?? '{}') as { path?: unknown; at?: unknown }
    if (typeof path !== 'string' || typeof at !== 'number' || Math.abs(now - at) > lastFor) return undefined
    return /^\/s\/[^/]+\/[a-z]+/.test(path) ? path : undefined
  } catch {
    return undefined
  }
}

/**
 * Keeps this tab's link on the device, so that a notification or the installed app opens the same page later: only when
 * its owner asked for one of these.
 */
export function keepLink(): void {
  const [code, page] = [codeOf(location.pathname), pageIn(location.pathname)]
  if (!code || !page) return
  try {
    const token = sessionStorage.getItem(`fairfloor.token.${code}`)
    if (token) localStorage.setItem(keptKey(code, page), token)
  } catch {
    // Without storage there is nothing to keep it in.
  }
}

/** Keeps it no longer. */
export function dropLink(): void {
  const [code, page] = [codeOf(location.pathname), pageIn(location.pathname)]
  if (!code || !page || install.installed) return
  try {
    localStorage.removeItem(keptKey(code, page))
  } catch {
    // See above.
  }
}
