import { actorOf } from '../../kit/auth.ts'
import type { Handlers } from '../../kit/http.ts'
import type { WorkerApi } from './api.ts'
import { breakerHandlers } from './breaker-routes.ts'
import type { Breakers } from './breakers.ts'
import { trailBefore } from './looks.ts'
import { replayAll, replayOne, type Replayed } from './replays.ts'
import { statisticsOf, type Overdue } from './statistics.ts'
import type { Worker } from './worker.ts'

/** Everything that a worker answers. @param wake told that something is due */
export const handlers = (
  worker: Worker,
  { overdue, wake, breakers }: { overdue: Overdue; wake(): void; breakers: Breakers },
): Handlers<WorkerApi> => ({
  ...breakerHandlers(breakers, () => worker.trade.breaker),

  stats: async () => ({ status: 200, body: await statisticsOf(worker, overdue) }),

  replay: async ({ query: { id, limit }, claims }) => {
    const actor = actorOf(claims)
    if (id !== undefined) await replayOne(worker, { id, actor })
    const done =
      id === undefined ? await replayAll(worker, { limit, actor }) : { reopened: [id], refused: [] }
    worker.events.reopened(done.reopened, 'operator')
    wake()
    return { status: 200, body: answerOf(done) }
  },

  trail: async ({ query: { id, before, size } }) => {
    const wish = { before, size: size + 1, requestId: id }
    const rows = await trailBefore(worker.database, worker.statements, wish)
    const items = rows.slice(0, size).map(({ at, ...act }) => ({ ...act, at: at.toISOString() }))
    const next = rows.length > size ? (items.at(-1)?.id ?? null) : null
    return { status: 200, body: { items, next } }
  },
})

function answerOf({ reopened, refused }: Replayed) {
  const [successCount, failCount] = [reopened.length, refused.length]
  const totalCount = successCount + failCount
  const message =
    totalCount === 0
      ? 'Nothing was given up.'
      : `${successCount} of ${totalCount} are tried again${failCount > 0 ? '; see refused' : ''}.`
  return { success: failCount === 0, totalCount, successCount, failCount, message, refused }
}
