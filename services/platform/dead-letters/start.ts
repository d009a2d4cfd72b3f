import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { postgres } from '../../kit/postgres.ts'
import { serviceNamed, type Topology } from '../../model/topology.ts'
import { topology } from '../../topology.ts'
import { letters } from '../stores.ts'
import { api } from './api.ts'
import { createEvents } from './events.ts'
import { keepLetters, purgeLetters } from './keeping.ts'
import { originsOf } from './origins.ts'
import { handlers } from './routes.ts'
import type service from './service.ts'

/** Dead letters of every topic of a topology into Postgres, and back to their topics when people say so. */
export const recovering =
  (all: Topology) =>
  async (context: Context<typeof service>): Promise<{ url: string }> => {
    const { capacity, keptDays, replayLimit } = context.config.settings
    // The topology knows more of this service than its declaration: what it recovers.
    const { publishes, consumes } = serviceNamed(all, context.service.name)
    const database = await postgres(context, letters)
    const broker = kafka(context, { vital: false })
    const origins = originsOf(publishes)
    const events = createEvents(
      context,
      publishes.map(({ name }) => name),
    )
    const parts = { database, events, origins }
    await keepLetters(context, parts, { broker, consumptions: consumes, capacity })
    purgeLetters(context, database, keptDays)
    const publisher = await broker.publisher()
    const { clock } = context
    return serve(context, api, handlers({ ...parts, replayLimit, publisher, clock }))
  }

export const start = recovering(topology)
