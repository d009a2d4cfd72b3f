import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka, type PartitionEnds } from '../../kit/kafka.ts'
import { repeat } from '../../kit/repeat.ts'
import { within } from '../../kit/within.ts'
import { pageView } from '../topics.ts'
import { api } from './api.ts'
import { createBoard } from './board.ts'
import { countEvents } from './consumers.ts'
import { createEvents } from './events.ts'
import { createPositions } from './positions.ts'
import { handlers } from './routes.ts'
import { createSentinel, type Sentinel } from './sentinel.ts'
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
  const ends = async () => endsOf(await (await broker.offsets()).ends(pageView))
  const sentinel = createSentinel({ store, positions, events, partitions, clock, ends, seek })
  await firstLooks(context, sentinel)
  repeat(context, { name: 'fence sentinel', everyMs: lookEveryMs }, sentinel.look)
  const board = createBoard({ store, weights, partitions, ...sentinel })
  checkWhole(context, { standing: () => store.standing(0), partitions, ...sentinel })
  return serve(context, api, handlers({ board, readFactor: aggregateReadFactor }))
}

/** Twice in the second between the end of a window and the time when it must have been counted. */
const lookEveryMs = 500
const firstLooksMs = 2000

/** The second look tells up to when all is counted. A store that is away does not keep the service from starting. */
async function firstLooks({ log }: Context, { look }: Sentinel): Promise<void> {
  await within(look().then(look), firstLooksMs).catch((err: unknown) =>
    log.warn({ err }, 'the rankings could not be looked at yet'),
  )
}

const endsOf = (ends: readonly PartitionEnds[]): ReadonlyMap<number, bigint> =>
  new Map(ends.map(({ partition, high }) => [partition, high]))

/** Not ready while readers would be refused. */
function checkWhole(
  { life }: Context,
  deps: {
    standing: () => Promise<{ whole: number }>
    partitions: number
    countedUpTo: Sentinel['countedUpTo']
  },
): void {
  const { standing, partitions, countedUpTo } = deps
  life.check('rankings', async () => {
    const { whole } = await standing()
    if (whole < partitions)
      throw new Error(`${partitions - whole} of ${partitions} partitions are counted anew`)
    if (countedUpTo() === undefined) throw new Error('some partition is not counted to its end')
  })
}
