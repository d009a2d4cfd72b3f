import { Redis } from 'ioredis'
import { connect } from '../../services/kit/kafka/client.ts'
import type { PageViewEvent } from '../../services/webtoon/topics.ts'

/** The worker that one writes first: each event adds one to its title, in pipelines of 500. */
const {
  KAFKA: bootstrap = '',
  TOPIC: topic = '',
  GROUP: groupId = '',
  REDIS,
  WINDOWS,
} = process.env
const windows = (WINDOWS ?? '').split(',').map((seconds) => Number(seconds))
const perPipeline = 500

const redis = new Redis(JSON.parse(REDIS ?? '{}') as { host: string; port: number })
const { client } = connect({ bootstrap, prefix: '', clientId: 'peer' })
const consumer = client.consumer({ groupId })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
await consumer.run({
  eachBatch: async ({ batch, heartbeat }) => {
    for (let at = 0; at < batch.messages.length; at += perPipeline) {
      const pipeline = redis.pipeline()
      for (const { value } of batch.messages.slice(at, at + perPipeline)) {
        const { contentId, ts } = JSON.parse(String(value)) as PageViewEvent
        for (const seconds of windows)
          pipeline.zincrby(`peer:${seconds}:${endOf(seconds, ts)}`, 1, contentId)
      }
      await pipeline.exec()
      await heartbeat()
    }
  },
})

function endOf(seconds: number, ts: number): number {
  const length = seconds * 1000
  return (Math.floor(ts / length) + 1) * length
}
