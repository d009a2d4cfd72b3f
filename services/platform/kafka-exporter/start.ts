import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { repeat } from '../../kit/repeat.ts'
import type { Topology } from '../../model/topology.ts'
import { topology } from '../../topology.ts'
import { readAt, up } from './metrics.ts'
import { clear, exportReadings, readOffsets } from './readings.ts'
import type service from './service.ts'

/** A reading that failed is repeated sooner: fresh topics have no leader for a moment. */
const pace = { everyMs: 5000, retryMs: 500 }

/** Reads all offsets every five seconds; the admin port exports them. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const read = reader(context, topology)
  repeat(context, { name: 'offsets', everyMs: pace.retryMs }, read)
  return serve(context, {}, {})
}

/** One reading into the gauges; while Kafka is away it says so and the service is not ready. */
function reader(context: Context, all: Topology): () => Promise<void> {
  const { clock, life, meter } = context
  const broker = kafka(context)
  let problem: Error | undefined = new Error('the offsets have not been read yet')
  life.check('offsets', () => {
    if (problem) throw problem
  })
  let nextAt = 0
  return async () => {
    if (clock() < nextAt) return
    try {
      exportReadings(meter, await readOffsets(all, await broker.offsets()))
      meter.set(up, undefined, 1)
      meter.set(readAt, undefined, clock() / 1000)
      problem = undefined
      nextAt = clock() + pace.everyMs
    } catch (error) {
      clear(meter)
      meter.set(up, undefined, 0)
      problem = error as Error
      nextAt = 0
      throw error
    }
  }
}
