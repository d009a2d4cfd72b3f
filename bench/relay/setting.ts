import { connect } from '../../services/kit/kafka/client.ts'
import { kafkaAdmin } from '../../services/kit/testing/kafka-admin.ts'
import { placed } from '../../services/kit/testing/shop.ts'
import { bench, type BenchStart } from '../../services/kit/testing.ts'
import { serviceNamed, type Topology } from '../../services/model/topology.ts'
import type { Lab, LabServer } from '../lab.ts'
import { epochMs } from './sales.ts'

/** A topic that nobody used before, and what a shop there needs. */
export interface Stand {
  readonly env: (wishes: BenchStart) => Promise<Record<string, string>>
  /** How many events the topic holds. */
  held(): Promise<number>
  /** Reads from now on. @returns when each event was read, by its key, in ms of the epoch */
  reader(): Promise<ReadonlyMap<string, number>>
  close(): Promise<void>
}

export async function standOf(
  lab: Lab,
  shop: Topology,
  servers: readonly LabServer[],
): Promise<Stand> {
  const place = await bench(shop, Object.assign({}, ...servers.map((one) => one.servers)))
  const env: Stand['env'] = (wishes) => place.environment(serviceNamed(shop, 'seller'), wishes)
  await env({}) // makes the topic
  const shelf = { bootstrap: servers[0]?.servers.kafka ?? '', prefix: place.prefix }
  const admin = await kafkaAdmin(shelf)
  const { client, named } = connect({ ...shelf, clientId: 'bench' })
  const consumer = client.consumer({ groupId: named('reader') })
  const close = async (): Promise<void> => {
    await consumer.disconnect()
    await admin.close()
    await place.stop()
  }
  lab.atEnd(() => close().catch(() => undefined))
  return {
    env,
    held: async () => (await admin.ends(placed)).reduce((sum, { high }) => sum + Number(high), 0),
    reader: async () => {
      const read = new Map<string, number>()
      await consumer.connect()
      await consumer.subscribe({ topic: named(placed.name) })
      await consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          const now = epochMs()
          for (const { key } of batch.messages) read.set(String(key), now)
        },
      })
      return read
    },
    close,
  }
}
