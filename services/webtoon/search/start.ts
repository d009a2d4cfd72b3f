import type { Context } from '../../kit/context.ts'
import { deadLetters } from '../../kit/dead-letter.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { repeat } from '../../kit/repeat.ts'
import { api } from './api.ts'
import { createEvents } from './events.ts'
import { indexChanges } from './indexer.ts'
import { fillerOf } from './filling.ts'
import { ensureIndex } from './indexes.ts'
import { keepFilled } from './keeper.ts'
import { handlers } from './routes.ts'
import service from './service.ts'
import { warmUp, type TitleIndex } from './store.ts'

/** Title changes from Kafka into the index; questions answered from it. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const filler = await fillerOf(context)
  const { index } = filler
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
  repeat(context, { name: 'index keeper', everyMs: keepEveryMs }, () => keepFilled(filler))
  return serve(context, api, handlers(index))
}

const keepEveryMs = 10_000

/** While OpenSearch is away the service starts unready; the indexer makes the index at its first change. */
async function prepareIndex({ log }: Context, index: TitleIndex): Promise<void> {
  try {
    await ensureIndex(index)
    await warmUp(index)
  } catch (err) {
    log.warn({ err, alias: index.alias }, 'the title index could not be checked')
  }
}
