// Runs axe-core inside a page of a browser test.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The levels A and AA of WCAG 2.0, 2.1 and 2.2, which is what Fairfloor promises, and axe's own good practice. */
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/**
 * What axe finds wrong with the page as it is now, one line for each element: rule, selector, how to cure it.
 * With `rules` it looks for these alone. An empty list means that axe found nothing, not that there is nothing.
 */
export async function violations(page: Page, rules?: string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source)
  const results: AxeResults = await page.evaluate(
    ({ type, values }) =>
      (window as unknown as { axe: typeof import('axe-core') }).axe.run({
        runOnly: { type, values },
        resultTypes: ['violations'],
      }),
    rules ? { type: 'rule' as const, values: rules } : { type: 'tag' as const, values: tags },
  )
  return results.violations.flatMap((violation) =>
    violation.nodes.map(
      (node) => `${violation.id}: ${node.target.join(' ')}: ${node.failureSummary ?? violation.help}`,
    ),
  )
}
