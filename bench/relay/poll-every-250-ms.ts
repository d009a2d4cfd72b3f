import { connectionOf } from '../../services/kit/kafka/client.ts'
import { statement } from '../../services/kit/mariadb.ts'
import { repeat } from '../../services/kit/repeat.ts'
import { sellingWith } from './seller.ts'

/** The relay of the earlier system: looks four times a second, sends what it finds, and marks it. */
const everyMs = 250
const atOnce = 1000

const find = statement(
  'poll_find',
  'select seq, topic, `key`, payload from outbox where published_at is null order by seq limit ?',
)
const mark = statement(
  'poll_mark',
  `update outbox set published_at = now(6)
   where seq in (select seq from json_table(?, '$[*]' columns (seq bigint path '$')) found)`,
)

interface Row {
  readonly seq: number
  readonly topic: string
  readonly key: string
  readonly payload: string
}

await sellingWith(async (context, database) => {
  const { client, named } = connectionOf(context)
  const producer = client.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  context.life.onStop('stores', 'producer', () => producer.disconnect())
  repeat(context, { name: 'poll', everyMs }, async () => {
    const rows = await database.query<Row>(find, [atOnce])
    if (rows.length === 0) return
    const topicMessages = [...Map.groupBy(rows, ({ topic }) => topic)].map(([topic, found]) => ({
      topic: named(topic),
      messages: found.map(({ key, payload }) => ({ key, value: payload })),
    }))
    await producer.sendBatch({ acks: -1, topicMessages })
    await database.change(mark, [JSON.stringify(rows.map(({ seq }) => seq))])
  })
})
