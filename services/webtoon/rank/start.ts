import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { repeat } from '../../kit/repeat.ts'
import { pageView } from '../topics.ts'
import { api } from './api.ts'
import { createBoard } from './board.ts'
import { countEvents } from './consumers.ts'
import { createEvents } from './events.ts'
import { createPositions } from './positions.ts'
import { handlers } from './routes.ts'
import { createSentinel } from './sentinel.ts'
import service from './service.ts'
import { openStore } from './store.ts'

/** Page views from Kafka into windows in Redis; rankings answered from them. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const { viewWeight: view, likeWeight: like, aggregateReadFactor } = context.config.settings
  const weights = { view, like }
  const { partitions } = pageView
  const events = createEvents(context)
  const store = await openStore(context, weights)
  const broker = kafka(context, { vital: false })
  const positions = createPositions({ store, offsets: broker.offsets, events })
  const [pageViews] = service.consumes
  const { seek } = await broker.consume(pageViews, countEvents({ store, positions, events }))
  const { clock } = context
  const sentinel = createSentinel({ store, positions, events, partitions, clock, seek })
  repeat(context, { name: 'fence sentinel', everyMs: 1000 }, sentinel.look)
  const board = createBoard({ store, weights, partitions, now: sentinel.now })
  checkWhole(context, { standing: () => store.standing(0), partitions })
  return serve(context, api, handlers({ board, readFactor: aggregateReadFactor }))
}

/** Not ready while readers would be refused. */
function checkWhole(
  { life }: Context,
  { standing, partitions }: { standing: () => Promise<{ whole: number }>; partitions: number },
): void {
  life.check('rankings', async () => {
    const { whole } = await standing()
    if (whole < partitions)
      throw new Error(`${partitions - whole} of ${partitions} partitions are counted anew`)
  })
}
