// What a page costs and how it behaves, measured by the browser itself: bytes over the wire, the paints, what jumps,
// frames, and how long a change takes from the server's answer to the screen.
import type { CDPSession, Page } from 'playwright-core'

/**
 * "3G-fast" as Lighthouse throttles it when it throttles for real ("devtools" throttling, core/config/constants.js,
 * mobileSlow4G, which was named Fast 3G and is WebPageTest's "3G Fast"): 1.6 Mbit/s down and 750 kbit/s up times 0.9,
 * and the round trip of 150 ms times 3.75, since Chromium delays each request once and knows no handshakes. Of the two
 * usual readings it is the stricter: packet-level throttling delays a request by 150 ms.
 */
export const fast3G = {
  offline: false,
  latency: 150 * 3.75,
  downloadThroughput: (1.6 * 1024 * 1024 * 0.9) / 8,
  uploadThroughput: (750 * 1024 * 0.9) / 8,
}

/** Lets a page load as over a slow line, without a cache. */
export async function throttle(page: Page): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  await cdp.send('Network.setCacheDisabled', { cacheDisabled: true })
  await cdp.send('Network.emulateNetworkConditions', fast3G)
  return cdp
}

export interface Wire {
  /** Bytes of everything but fonts, as they came: compressed, with the answers' headers. */
  bytes: number
  fonts: number
  /** Bytes of the websocket's frames, which are the session and not the page. */
  live: number
  /** What came, the largest first: "12345 /assets/page-….js". */
  parts: () => string[]
}

/** Counts what a page loads, from now on. */
export async function weigh(page: Page): Promise<Wire> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  const asked = new Map<string, { path: string; font: boolean }>()
  const came: { path: string; size: number }[] = []
  const wire: Wire = {
    bytes: 0,
    fonts: 0,
    live: 0,
    parts: () => came.toSorted((a, b) => b.size - a.size).map(({ path, size }) => `${size} ${path}`),
  }
  cdp.on('Network.responseReceived', ({ requestId, response, type }) => {
    asked.set(requestId, { path: new URL(response.url).pathname, font: type === 'Font' })
  })
  cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const { path, font } = asked.get(requestId) ?? { path: 'unknown', font: false }
    if (font) wire.fonts += encodedDataLength
    else {
      wire.bytes += encodedDataLength
      came.push({ path, size: encodedDataLength })
    }
  })
  cdp.on('Network.webSocketFrameReceived', ({ response }) => (wire.live += response.payloadData.length))
  return wire
}

/** What a page notes about itself from its first moment on; `watch` puts it there. */
export interface Notes {
  largest: { at: number; size: number; what: string }[]
  shifts: { at: number; value: number; input: boolean; what: string[] }[]
  long: { at: number; ms: number }[]
}

declare global {
  interface Window {
    notes: Notes
  }
}

/** Lets every document of a page note its largest paints, its layout shifts and its long tasks. */
export const watch = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const notes: Notes = { largest: [], shifts: [], long: [] }
    window.notes = notes
    const name = (node: Node | null | undefined): string => {
      const element = node instanceof Element ? node : node?.parentElement
      return element
        ? `${element.tagName.toLowerCase()}.${element.className}: ${element.textContent?.trim().slice(0, 40)}`
        : ''
    }
    type Entry = PerformanceEntry & {
      size: number
      element?: Element | null
      value: number
      hadRecentInput: boolean
      sources?: { node?: Node | null; previousRect: DOMRectReadOnly; currentRect: DOMRectReadOnly }[]
    }
    const observe = (type: string, take: (entry: Entry) => void): void =>
      new PerformanceObserver((list) => (list.getEntries() as Entry[]).forEach(take)).observe({ type, buffered: true })
    observe('largest-contentful-paint', ({ startTime, size, element }) =>
      notes.largest.push({ at: startTime, size, what: name(element) }),
    )
    observe('layout-shift', ({ startTime, value, hadRecentInput, sources }) =>
      notes.shifts.push({
        at: startTime,
        value,
        input: hadRecentInput,
        what: (sources ?? []).map(
          ({ node, previousRect: a, currentRect: b }) =>
            `${name(node)} ${[a, b].map((r) => [r.x, r.y, r.width, r.height].map(Math.round).join(',')).join(' > ')}`,
        ),
      }),
    )
    observe('longtask', ({ startTime, duration }) => notes.long.push({ at: startTime, ms: duration }))
  })

/** The middle of some figures, or any other of their quantiles. */
export function quantile(figures: readonly number[], q = 0.5): number {
  const sorted = figures.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? NaN
}
