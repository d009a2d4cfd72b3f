import { client } from '../../kit/client.ts'
import type { Context } from '../../kit/context.ts'
import type { Handlers } from '../../kit/http.ts'
import { breakerNames } from '../kit/breaker-names.ts'
import { breakerHandlers as handlersOf, viewOf } from '../kit/breaker-routes.ts'
import type { Breakers } from '../kit/breakers.ts'
import refund from '../refund/service.ts'
import settlement from '../settlement/service.ts'
import type { breakerApi } from './breaker-api.ts'
import type service from './service.ts'

/** What operators see of circuit breakers, and do to those of this service; workers steer their own. */
export function breakerHandlers(
  context: Context<typeof service>,
  breakers: Breakers,
): Handlers<typeof breakerApi> {
  const others = [
    { name: breakerNames.capture, view: viewIn(context, settlement) },
    { name: breakerNames.refund, view: viewIn(context, refund) },
  ]
  return {
    breakers: async ({ headers }) => {
      const own = breakers.names.map((name) => [name, viewOf(breakers, name)] as const)
      const asked = others.map(async ({ name, view }) => [name, await view(headers)] as const)
      return { status: 200, body: Object.fromEntries([...own, ...(await Promise.all(asked))]) }
    },
    ...handlersOf(breakers, ({ name }: { name: string }) => name),
  }
}

const askedWithinMs = 1000

/** The breaker of a worker, asked for as whoever asks here; null when it does not answer. */
function viewIn(context: Context, worker: typeof settlement | typeof refund) {
  const http = client(context, worker, { timeLimitMs: askedWithinMs })
  return async ({
    authorization = '',
  }: Readonly<Record<string, string | string[] | undefined>>) => {
    const headers = { authorization: authorization.toString() }
    try {
      return (await http.request({ to: worker.api.breaker, headers })).body
    } catch (err) {
      context.log.warn({ err, worker: worker.name }, 'a worker does not say how its breaker is')
      return null
    }
  }
}
