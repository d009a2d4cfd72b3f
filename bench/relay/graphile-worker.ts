import { Logger, makeWorkerUtils, run as work, WorkerPreset, type Task } from 'graphile-worker'
import { v7 as uuid } from 'uuid'
import { kafka } from '../../services/kit/kafka.ts'
import { run } from '../../services/kit/run.ts'
import { controlled } from '../../services/kit/testing/controls.ts'
import { orders, placed, seller, type Order } from '../../services/kit/testing/shop.ts'
import { someSale } from './sales.ts'

/** Its batching, switched on. */
const batched = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
/** Our relay says nothing of an event that went well, either. */
const logger = new Logger(() => (level, message) => {
  if (level === 'error') process.stderr.write(`${message}\n`)
})
/** As many as our relay has on their way at once. */
const concurrentJobs = 500
const perCall = 5000

/**
 * The same events as jobs of graphile-worker. `fill?count=1000` adds some, `relay` begins to do them, and `done` says how
 * many were. EMPTY=1: a job does nothing, so that what is left is the queue.
 */
await run(seller, async (context) => {
  const { host, port, database, user, password } = context.config.store(orders)
  const connectionString = `postgres://${user}:${password}@${host}:${port}/${database}`
  const publisher = await kafka(context).publisher()
  const utils = await makeWorkerUtils({ connectionString, logger })
  context.life.onStop('stores', 'jobs', () => Promise.resolve(utils.release()))
  await utils.migrate()
  let done = 0
  const publish: Task = async (payload) => {
    const value = payload as Order
    if (process.env['EMPTY'] !== '1') await publisher.publish(placed, { key: value.id, value })
    done += 1
  }
  return controlled(context, {
    done: async () => done,
    fill: async (asked) => {
      for (let left = asked('count'); left > 0; left -= perCall)
        await utils.addJobs(
          Array.from({ length: Math.min(left, perCall) }, () => ({
            identifier: 'publish',
            payload: someSale(uuid()),
          })),
        )
    },
    relay: async () => {
      const worker = { ...batched, connectionString, concurrentJobs, logger }
      const runner = await work({
        preset: { extends: [WorkerPreset], worker },
        taskList: { publish },
        noHandleSignals: true,
      })
      context.life.onStop('work', 'graphile-worker', () => runner.stop())
    },
  })
})
