import type { Context } from '../../kit/context.ts'
import { kafka, type Publisher } from '../../kit/kafka.ts'
import { postgres, statement, type Postgres } from '../../kit/postgres.ts'
import { bench, type Servers } from '../../kit/testing.ts'
import {
  composed,
  placed,
  publisherOf,
  seller,
  sender,
  type Order,
} from '../../kit/testing/shop.ts'
import { until } from '../../kit/testing/until.ts'
import { topology as declare } from '../../model/topology.ts'
import { readDeadLetters, writeDeadLetters } from '../scopes.ts'
import { letters } from '../stores.ts'
import service from './service.ts'
import { recovering } from './start.ts'

/** A letter as the service shows it, as far as tests look at it. */
export interface Shown {
  readonly id: string
  readonly eventId: string
  readonly event: unknown
  readonly status: string
  readonly originalTopic: string
  readonly key: string | null
  readonly value?: string | null
  readonly headers?: Readonly<Record<string, string[]>>
  readonly cause: { readonly class: string; readonly attempts: number }
  readonly replays: number
  readonly replayOf: string | null
}

/** A shop whose orders are consumed, and a running dead-letters service for what cannot be. */
export async function lettersBench(servers: Servers) {
  const all = declare([seller, sender, service], [])
  const place = await bench(all, servers)
  const opened: Postgres[] = []
  const start = recovering(all)
  const { url, admin } = await place.start(service, async (context) => {
    opened.push(await postgres(context, letters))
    return start(context)
  })
  const publisher = await publisherOf(place)
  const orders: Order[] = []
  const consume = composed(async (context: Context<typeof sender>) => {
    await kafka(context).consume(sender.consumes[0], {
      batch: async ({ records }) => void orders.push(...records.map(({ value }) => value)),
    })
  })
  await place.start(sender, consume)

  const call = async (
    line: string,
    body?: unknown,
    scopes = [readDeadLetters, writeDeadLetters],
  ) => {
    const [method = '', path = ''] = line.split(' ')
    const headers = { ...(await place.bearer(...scopes)), 'content-type': 'application/json' }
    const json = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await fetch(url + path, { method, headers, ...json })
    const text = await answer.text()
    return {
      status: answer.status,
      body: (text === '' ? undefined : JSON.parse(text)) as Record<string, unknown>,
      headers: answer.headers,
    }
  }
  const list = async (query = ''): Promise<Shown[]> =>
    (await call(`GET /dlq/events${query}`)).body as unknown as Shown[]

  return {
    place,
    publisher,
    orders,
    url,
    call,
    list,
    metrics: async () => (await fetch(`${admin}/metrics`)).text(),
    sql: (name: string, text: string, values: unknown[] = []) =>
      (opened[0] as Postgres).query<never>(statement(`test-${name}`, text), values),
    poison: (id: string, value: Buffer | string | null, key = id) =>
      poison(publisher, { id, value, key }),
    /** The letters of an event, once there are `count` of them. */
    lettersOf: async (eventId: string, count = 1): Promise<Shown[]> => {
      const found = async () => (await list('?size=100')).filter((one) => one.eventId === eventId)
      await until(`letters of ${eventId}`, async () => (await found()).length >= count, 60_000)
      return found()
    },
    stop: () => place.stop(),
  }
}

export type LettersBench = Awaited<ReturnType<typeof lettersBench>>

/** Bytes in the shop's topic that need be no order. */
async function poison(
  publisher: Publisher,
  { id, value, key }: { id: string; value: Buffer | string | null; key: string },
): Promise<void> {
  await publisher.forward(placed, {
    key: Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
    headers: { ce_id: id, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
  })
}
