import type { Context } from '../../kit/context.ts'
import { deadLetters } from '../../kit/dead-letter.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { search } from '../../kit/search.ts'
import { titleIndex } from '../stores.ts'
import { api } from './api.ts'
import { createEvents } from './events.ts'
import { indexChanges } from './indexer.ts'
import { handlers } from './routes.ts'
import service from './service.ts'
import { ensureIndex, warmUp, type TitleIndex } from './store.ts'

/** Title changes from Kafka into the index; questions answered from it. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const index = await search(context, titleIndex)
  await prepareIndex(context, index)
  const broker = kafka(context, { vital: false })
  const [changes] = service.consumes
  const indexer = indexChanges({
    index,
    letters: deadLetters(await broker.publisher(), context),
    events: createEvents(context),
    clock: context.clock,
    signal: context.life.signal,
  })
  await broker.consume(changes, indexer)
  return serve(context, api, handlers(index))
}

/** While OpenSearch is away the service starts unready; the indexer makes the index at its first change. */
async function prepareIndex({ log }: Context, index: TitleIndex): Promise<void> {
  try {
    await ensureIndex(index)
    await warmUp(index)
  } catch (err) {
    log.warn({ err, alias: index.alias }, 'the title index could not be checked')
  }
}
