import type { Context } from '../../kit/context.ts'
import { createApp, listenApp, routed } from '../../kit/http.ts'
import { mariadb } from '../../kit/mariadb.ts'
import { gatewayBooks } from '../stores.ts'
import { api } from './api.ts'
import { behaviours } from './behaviour.ts'
import { gateway } from './gateway.ts'
import { handlers } from './routes.ts'
import type service from './service.ts'
import { weather } from './weather.ts'

/** A payment gateway of tables and dice. */
export async function start(context: Context<typeof service>): Promise<{ url: string }> {
  const behaving = behaviours(context.config.settings.mode)
  const database = await mariadb(context, gatewayBooks)
  const app = createApp(context)
  app.use(weather(behaving, context.life.signal))
  app.use(
    routed(context, api, handlers({ database, behaving, ...gateway(context, database, behaving) })),
  )
  return listenApp(context, app)
}
