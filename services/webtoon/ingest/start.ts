import type { Context } from '../../kit/context.ts'
import { deadLetters } from '../../kit/dead-letter.ts'
import { serve } from '../../kit/http.ts'
import { kafka } from '../../kit/kafka.ts'
import { api } from './api.ts'
import { createEvents } from './events.ts'
import { publishing } from './publishing.ts'
import { handlers } from './routes.ts'
import type service from './service.ts'

/** Events from HTTP to Kafka; an answer of 202 waits for the broker. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const { clock } = context
  const publisher = await kafka(context).publisher()
  const events = createEvents(context)
  const letters = deadLetters(publisher, context)
  const offer = publishing({
    publisher,
    letters,
    events,
    clock,
    deadlineMs: context.config.settings.deadlineMs,
  })
  return serve(context, api, handlers({ offer, events, clock }))
}
