import { setTimeout as delay } from 'node:timers/promises'
import { connect } from '../../services/kit/kafka/client.ts'
import { kafkaAdmin } from '../../services/kit/testing/kafka-admin.ts'
import { bench, type Bench } from '../../services/kit/testing.ts'
import { topology } from '../../services/topology.ts'
import rank from '../../services/webtoon/rank/service.ts'
import { pageView } from '../../services/webtoon/topics.ts'
import type { Lab, LabServer } from '../lab.ts'
import { headersOf, someView } from '../page-views.ts'

/** Events of one worker's turn: a topic and a group that nobody saw before. */
export interface Belt {
  readonly place: Bench
  readonly bootstrap: string
  readonly topic: string
  readonly group: string
  /** Appends as many as fast as the broker takes them. */
  fill(count: number): Promise<void>
  /** Appends so many a second. */
  pour(perSecond: number, seconds: number): Promise<void>
  /** How many the group has processed, by what it committed. */
  processed(): Promise<number>
}

/** A request that is repeated must not append twice: events are counted. */
const once = { idempotent: true, maxInFlightRequests: 1 }
/** As many as one request carries well. */
const perRequest = 2000
const pourEveryMs = 50

export async function beltOf(lab: Lab, broker: LabServer, redis: LabServer): Promise<Belt> {
  const place = await bench(topology, { ...broker.servers, ...redis.servers })
  lab.atEnd(() => place.stop())
  const { prefix } = place
  const bootstrap = broker.servers.kafka ?? ''
  await place.environment(rank) // makes the topic
  const { client, named } = connect({ bootstrap, prefix, clientId: 'bench' })
  const producer = client.producer({ allowAutoTopicCreation: false, ...once })
  const admin = await kafkaAdmin({ bootstrap, prefix })
  await producer.connect()
  lab.atEnd(() => Promise.all([producer.disconnect(), admin.close()]))
  const [consumption] = rank.consumes
  const topic = named(pageView.name)
  const send = async (count: number): Promise<void> => {
    const messages = Array.from({ length: count }, () => {
      const event = someView()
      return { key: event.contentId, value: JSON.stringify(event), headers: headersOf(event) }
    })
    await producer.send({ topic, messages, acks: -1 })
  }
  return {
    place,
    bootstrap,
    topic,
    group: named(consumption.group),
    fill: async (count) => {
      for (let sent = 0; sent < count; sent += perRequest)
        await send(Math.min(perRequest, count - sent))
    },
    pour: async (perSecond, seconds) => {
      const began = performance.now()
      for (let sent = 0; sent < perSecond * seconds;) {
        const due = Math.floor(((performance.now() - began) / 1000) * perSecond)
        const count = Math.min(due, perSecond * seconds) - sent
        if (count > 0) await send(count)
        sent += count
        await delay(pourEveryMs)
      }
    },
    processed: async () => {
      const committed = await admin.committed(consumption.group, pageView).catch(() => new Map())
      return [...committed.values()].reduce<number>((sum, offset) => sum + Number(offset), 0)
    },
  }
}
