import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from '../../kit/context.ts'
import type { Tasks } from '../../kit/task.ts'
import { pageView } from '../topics.ts'
import type service from './service.ts'
import { openStore, type RankStore } from './store.ts'

/** One-off work: `main.ts rebuild`. */
export const tasks: Tasks<typeof service> = { rebuild }

const lookEveryMs = 500
/** A partition that nobody owns is taken within a session and a rebalance; then it moves. */
const stalledMs = 60_000

/**
 * Has the rankings counted anew by the replicas that run. Readers get 503 with `Retry-After` until every partition is
 * whole again.
 * @throws Error when no partition moves for a minute: no replica counts
 */
async function rebuild(context: Context<typeof service>): Promise<void> {
  const { viewWeight: view, likeWeight: like } = context.config.settings
  const store = await openStore(context, { view, like })
  const began = performance.now()
  context.log.info({ keys: await store.forget() }, 'rankings are forgotten and counted anew')
  await whole(context, store)
  const seconds = Math.round((performance.now() - began) / 100) / 10
  context.log.info({ seconds }, 'rankings are whole')
}

async function whole({ life, log }: Context, store: RankStore): Promise<void> {
  const { partitions } = pageView
  let last = { sum: -1n, whole: -1, at: performance.now() }
  for (;;) {
    const standing = await store.standing(partitions)
    const sum = standing.fences.reduce<bigint>((all, fence) => all + (fence ?? 0n), 0n)
    if (standing.whole >= partitions) return
    if (sum !== last.sum || standing.whole !== last.whole) {
      log.info({ whole: standing.whole, of: partitions }, 'counting')
      last = { sum, whole: standing.whole, at: performance.now() }
    }
    if (performance.now() - last.at > stalledMs)
      throw new Error(
        `${partitions - standing.whole} of ${partitions} partitions are not counted by anybody: start rank (./maru up), it goes on by itself.`,
      )
    await delay(lookEveryMs, undefined, { signal: life.signal })
  }
}
