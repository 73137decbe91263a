// Starts the Chromium that every browser test uses.
import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'

/** Where Debian's package puts it; FAIRFLOOR_CHROMIUM names another. */
const path = process.env.FAIRFLOOR_CHROMIUM ?? '/usr/bin/chromium'

/** Launches a headless Chromium, with further switches. Fails, and never skips, when there is none. */
export async function launch(more: readonly string[] = []): Promise<Browser> {
  if (!existsSync(path)) {
    throw new Error(`no Chromium at ${path}: ./scripts/test installs it, or set FAIRFLOOR_CHROMIUM`)
  }
  return chromium.launch({
    executablePath: path,
    args: [
      // CI runs as root inside a sandbox of its own, where Chromium's cannot start.
      '--no-sandbox',
      // A page may take its time in the background, but a test's pages all have to stay awake.
      '--disable-background-timer-throttling',
      '--disable-backgrounding-occluded-windows',
      '--disable-renderer-backgrounding',
      ...more,
    ],
  })
}
