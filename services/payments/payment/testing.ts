import { Redis } from 'ioredis'
import { request } from 'undici'
import { v7 as uuid } from 'uuid'
import { kafka, type Publisher } from '../../kit/kafka.ts'
import { asMariadbAdmin } from '../../kit/provision-mariadb.ts'
import { bench, type BenchStart, type Servers } from '../../kit/testing.ts'
import { recordsOf } from '../../kit/testing/records.ts'
import type { Scope } from '../../model/scope.ts'
import { service as declare } from '../../model/service.ts'
import type { Topic } from '../../model/topic.ts'
import type { Topology } from '../../model/topology.ts'
import pgMock from '../pg-mock/service.ts'
import { start as startPgMock } from '../pg-mock/start.ts'
import { mockAt } from '../pg-mock/testing.ts'
import { adminPayments, readPayments, usePaymentGateway, writePayments } from '../scopes.ts'
import * as topics from '../topics.ts'
import service from './service.ts'
import { start } from './start.ts'

type Body = Record<string, unknown>

/** Reports as the services do that capture and refund. */
const reporter = declare({
  name: 'reporter',
  product: 'payments',
  summary: 'Reports what a test says.',
  port: 28_201,
  publishes: [topics.captured, topics.captureFailed, topics.refunded, topics.refundFailed],
  slo: { availability: 99, latency: { p95Ms: 100 } },
})

export const merchant = 'MERCHANT-1'

/** A payment that a test wants; fields may be wrong on purpose. */
export const order = (idempotencyKey: string, rest: Body = {}): Body => ({
  ...{ merchantId: merchant, amount: 1000, currency: 'KRW', idempotencyKey },
  ...rest,
})

/** Short times, so that what waits is seen. */
export const hasty = {
  PAYMENT_GATEWAY_TIMEOUT_MS: '600',
  PAYMENT_LOOK_EVERY_MS: '50',
  PAYMENT_BREAKER_OPEN_MS: '300',
}

/** For tests of what the gateway answers: it is heard on a busy machine, too. */
export const patient = { PAYMENT_GATEWAY_TIMEOUT_MS: '3000' }

/** The payment API with the mock gateway, judged by the gateway’s log, the database and the topics. */
export async function paymentBench(
  all: Topology,
  tested: { servers: Servers; stop(): Promise<void> },
) {
  const place = await bench(all, tested.servers)
  const gateway = await place.start(pgMock, startPgMock)
  const pg = mockAt(gateway.url, await place.bearer(usePaymentGateway, adminPayments))
  await pg.prompt()
  const { mariadb, kafka: bootstrap = '' } = tested.servers
  if (!mariadb) throw new Error('The test has no MariaDB.')
  const rowsIn =
    (store: string) =>
    <Row>(text: string, ...values: unknown[]): Promise<Row[]> =>
      asMariadbAdmin(mariadb, async (admin) => {
        await admin.query(`use ${admin.escapeId(place.prefix + store)}`)
        return admin.query<Row[]>(text, values)
      })
  const rows = rowsIn('payment')
  return {
    place,
    pg,
    gatewayUrl: gateway.url,
    /** Where this bench’s topics are read past the kit’s own consumer. */
    shelf: { bootstrap, prefix: place.prefix },
    rows,
    /** The same in another service’s database. */
    rowsIn,
    start: (wishes: BenchStart = {}) =>
      place.start(service, start, { ...wishes, env: { ...hasty, ...wishes.env } }),
    /** What publishes reports. */
    reporter: async (): Promise<Publisher> => {
      const made = Promise.withResolvers<Publisher>()
      await place.start(reporter, async (context) => {
        made.resolve(await kafka(context).publisher())
        return { url: '' }
      })
      return made.promise
    },
    bearer: async (scopes: readonly Scope[], merchantId: string | undefined = merchant) => ({
      authorization: `Bearer ${await place.token(scopes, { merchant: merchantId })}`,
    }),
    paymentUnder: async (key: string) =>
      (
        await rows<Body>(
          'select * from payment where merchant_id = ? and idempotency_key = ?',
          ...[merchant, key],
        )
      )[0],
    /** What the gateway’s log says of a payment: how often it held the money, and let go. */
    chargesOf: async (paymentId: unknown) => {
      const log = (await pg.calls()).filter(({ key }) => key.startsWith(String(paymentId)))
      const times = (outcome: string) => log.filter((call) => call.outcome === outcome).length
      return { held: times('approved'), voided: times('voided'), tombstones: times('tombstone') }
    },
    /** Topics of the events that were written with a payment, in order; they may not be in Kafka yet. */
    writtenOf: async (paymentId: unknown) => {
      const text = 'select topic from outbox where `key` = ? order by seq'
      return (await rows<{ topic: string }>(text, paymentId)).map(({ topic }) => topic)
    },
    /** Events of a payment, in order. */
    eventsOf: async <V extends { paymentId: string }>(topic: Topic<V>, paymentId: unknown) =>
      (await recordsOf({ bootstrap, prefix: place.prefix }, topic))
        .filter(({ key }) => key === paymentId)
        .map(({ value }) => value),
    /** Loses what Redis holds. */
    forgetRedis: async () => {
      const { host, port, password } = tested.servers.redis ?? {}
      const admin = new Redis({ host: host ?? '', port: port ?? 0, password: password ?? '' })
      await admin.flushall()
      admin.disconnect()
    },
    stop: async () => {
      await place.stop()
      await tested.stop()
    },
  }
}

export type PaymentBench = Awaited<ReturnType<typeof paymentBench>>

/** A merchant’s client. */
export function merchantAt(url: string, bearer: { readonly authorization: string }) {
  const raw = async (
    method: 'GET' | 'POST',
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ) => {
    const answer = await request(url + path, {
      method,
      headers: { ...bearer, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body }),
    })
    const text = await answer.body.text()
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text,
      body: JSON.parse(text) as Body,
    }
  }
  const post = (path: string, body: Body, headers?: Record<string, string>) =>
    raw('POST', path, JSON.stringify(body), headers)
  const authorize = (body: Body, headers?: Record<string, string>) =>
    post('/payments/authorize', body, headers)
  return {
    raw,
    post,
    get: (path: string) => raw('GET', path),
    authorize,
    /** Sends the same again, as a client does that must know, until there is a final answer. */
    insist: async (body: Body, ms = 20_000) => {
      const end = performance.now() + ms
      for (;;) {
        const answer = await authorize(body).catch(() => undefined)
        if (answer?.status === 200 || answer?.status === 402) return answer
        if (performance.now() > end) throw new Error(`no final answer: ${answer?.text}`)
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    },
    /** A payment that a worker has captured. */
    capture: (paymentId: unknown, headers?: Record<string, string>) =>
      post(`/payments/capture/${String(paymentId)}`, { merchantId: merchant }, headers),
    void: (paymentId: unknown) =>
      post(`/payments/void/${String(paymentId)}`, { merchantId: merchant }),
    refund: (paymentId: unknown, rest: Body = {}, headers?: Record<string, string>) =>
      post(
        `/payments/refund/${String(paymentId)}`,
        { merchantId: merchant, reason: 'too large', ...rest },
        headers,
      ),
  }
}

export type Merchant = ReturnType<typeof merchantAt>

export const writer = [writePayments, readPayments]

/** What a worker says in every report. */
export const report = (paymentId: unknown, amount: number) => ({
  ...{ eventId: uuid(), paymentId: String(paymentId), merchantId: merchant, version: 3 },
  ...{ amount, currency: 'KRW', occurredAt: new Date().toISOString() },
})
