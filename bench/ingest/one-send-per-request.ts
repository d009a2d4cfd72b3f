import { connectionOf } from '../../services/kit/kafka/client.ts'
import type { Context } from '../../services/kit/context.ts'
import { serve } from '../../services/kit/http.ts'
import { run } from '../../services/kit/run.ts'
import ingest from '../../services/webtoon/ingest/service.ts'
import { pageView } from '../../services/webtoon/topics.ts'
import { headersOf } from '../page-views.ts'

/** The same door with the same checks, whose handler calls kafkajs as its documentation shows it. */
await run(ingest, async (context: Context<typeof ingest>) => {
  const { client, named } = connectionOf(context)
  const producer = client.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  context.life.onStop('stores', 'producer', () => producer.disconnect())
  const topic = named(pageView.name)
  return serve(context, ingest.api, {
    one: async ({ body }) => {
      const value = JSON.stringify(body)
      const messages = [{ key: body.contentId, value, headers: headersOf(body) }]
      await producer.send({ topic, acks: -1, messages })
      return { status: 202 }
    },
    batch: () => ({ status: 501 }),
  })
})
