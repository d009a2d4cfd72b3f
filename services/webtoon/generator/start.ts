import type { Context } from '../../kit/context.ts'
import { serve } from '../../kit/http.ts'
import { api } from './api.ts'
import { createControl } from './control.ts'
import { createEvents } from './events.ts'
import { handlers } from './routes.ts'
import { senders } from './senders.ts'
import type service from './service.ts'

/** Waits for a start; what runs ends before the connections do. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const { config, clock, life } = context
  const control = createControl({
    senders: await senders(context),
    events: createEvents(context),
    defaults: config.settings,
    clock,
    stopwatch: () => performance.now(),
  })
  life.onStop('work', 'generator', async () => void (await control.stop()))
  return serve(context, api, handlers(control, config.settings))
}
