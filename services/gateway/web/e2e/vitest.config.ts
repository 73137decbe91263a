// Browser tests: real pages in a real Chromium against the real binary, one file after the other.
import { appendFileSync } from 'node:fs'

import { defineConfig } from 'vitest/config'
import type { Reporter } from 'vitest/node'

// A browser that waits for a machine that stands still is no fault of the page: a test that fails is run once more,
// and scripts/test names it at its end, since each is a fault to find.
const ranTwice: Reporter = {
  onTestCaseResult(test) {
    const file = process.env.FAIRFLOOR_TWICE
    if (file !== undefined && test.diagnostic()?.flaky === true)
      appendFileSync(file, `${test.module.relativeModuleId} ${test.fullName}: 2 runs, 1 failure\n`)
  },
}

export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ['**/*.test.ts'],
    // Each file starts a server and a browser; two at once on two cores only measure each other.
    fileParallelism: false,
    // Wide, since a busy machine is waited for: what must be quick is measured where it happens.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
    allowOnly: false,
    retry: 1,
    reporters: ['default', ranTwice],
  },
})
