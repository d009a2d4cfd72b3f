import { instant } from '../local/prometheus-api.ts'
import { poll } from '../local/poll.ts'
import type { Check } from './check.ts'
import { alternativesIn } from './queries.ts'

/** What the checks before these sent is scraped and counted by then: rates need two scrapes. */
const shownWithinMs = 30_000
const everyMs = 2000

/** No panel of a board is empty. */
export const boards: Check = {
  name: 'boards',
  says: 'every query of a board gives a series',
  run: async ({ boardQueries: queries, prometheus }) => {
    const empty = await silent(queries, async ({ query }) => await instant(prometheus, query))
    return {
      seen: queries.length,
      unit: 'queries',
      broken: empty.map(({ where, query }) => `${where} shows nothing: ${query}`),
    }
  },
}

/** No rule waits for a metric that nobody exports. */
export const rules: Check = {
  name: 'rules',
  says: 'every metric that a rule names is exported',
  run: async ({ ruleQueries, prometheus }) => {
    const all = ruleQueries.flatMap(alternativesIn).map((names) => names.join(' or '))
    const choices = [...new Set(all)]
    const missing = await silent(choices, (names) => instant(prometheus, `count(${names})`))
    return {
      seen: choices.length,
      unit: 'metrics',
      broken: missing.map((names) => `${names}: named by a rule, but nobody exports it`),
    }
  },
}

/** The items whose question stays unanswered. */
async function silent<Item>(
  items: readonly Item[],
  ask: (item: Item) => Promise<readonly unknown[]>,
): Promise<readonly Item[]> {
  let left = items
  await poll(
    async () => {
      const answers = await Promise.all(left.map(ask))
      left = left.filter((_, at) => answers[at]?.length === 0)
      return left.length === 0 ? true : undefined
    },
    { withinMs: shownWithinMs, everyMs },
  )
  return left
}
