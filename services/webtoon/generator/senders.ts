import { client } from '../../kit/client.ts'
import type { Context } from '../../kit/context.ts'
import { kafka, type Publisher } from '../../kit/kafka.ts'
import { clientToken } from '../../kit/token.ts'
import gateway from '../../platform/gateway/service.ts'
import ingest from '../ingest/service.ts'
import { pageView, type PageViewEvent } from '../topics.ts'
import { oneInAHundred, type Traced } from './sampling.ts'
import type service from './service.ts'
import type { Target } from './wishes.ts'

/** What became of the events of one tick. */
export interface Sent {
  readonly acknowledged: number
  /** Why the others were not, where there are others. */
  readonly failure?: unknown
}

/** A way to the topic. */
export interface Sender {
  readonly tickMs: number
  readonly mostPerTick: number
  /** Never rejects. */
  send(events: readonly PageViewEvent[]): Promise<Sent>
}

/** A batch takes this many events, and a client this many requests a second, within what the routes allow. */
const gatewayPace = { tickMs: 50, mostPerTick: 1000 }
const kafkaPace = { tickMs: 20, mostPerTick: 1000 }
const gatewayWithinMs = 2000

/** Both ways, connected when first used. */
export async function senders(
  context: Context<typeof service>,
): Promise<Readonly<Record<Target, Sender>>> {
  const publisher = await kafka(context).publisher()
  const traced = oneInAHundred(context.tracer)
  return { gateway: throughGateway(context, traced), kafka: toTopic(publisher, traced) }
}

function throughGateway(context: Context<typeof service>, traced: Traced): Sender {
  const token = clientToken(context)
  const http = client(context, gateway, { token, timeLimitMs: gatewayWithinMs })
  return {
    ...gatewayPace,
    send: async (events) => {
      try {
        const request = { to: ingest.api.batch, body: events }
        const { body } = await traced('generate batch', () => http.request(request))
        const { accepted, results } = body as Receipt
        const failure = results.find(({ status }) => status !== 202)
        return { acknowledged: accepted, ...(failure && { failure }) }
      } catch (failure) {
        return { acknowledged: 0, failure }
      }
    },
  }
}

/** What ingest answers to a batch. */
interface Receipt {
  readonly accepted: number
  readonly results: readonly { readonly status: number; readonly code: string }[]
}

function toTopic(publisher: Publisher, traced: Traced): Sender {
  const publish = (value: PageViewEvent): Promise<unknown> => {
    const message = { key: value.contentId, id: value.eventId, time: value.ts, value }
    return traced('generate event', () => publisher.publish(pageView, message))
  }
  return {
    ...kafkaPace,
    send: async (events) => {
      const settled = await Promise.allSettled(events.map(publish))
      const failed = settled.filter((one) => one.status === 'rejected')
      const acknowledged = events.length - failed.length
      return { acknowledged, ...(failed[0] && { failure: failed[0].reason as unknown }) }
    },
  }
}
