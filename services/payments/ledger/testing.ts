import { request } from 'undici'
import { v7 as uuid } from 'uuid'
import type { Servers, BenchStart } from '../../kit/testing.ts'
import { until } from '../../kit/testing/until.ts'
import type { Service } from '../../model/service.ts'
import type { Topic } from '../../model/topic.ts'
import type { Topology } from '../../model/topology.ts'
import { merchant, merchantAt, order, paymentBench, writer } from '../payment/testing.ts'
import refund from '../refund/service.ts'
import { adminPayments, readPayments } from '../scopes.ts'
import settlement from '../settlement/service.ts'
import { captured, refunded } from '../topics.ts'
import { header } from './csv.ts'
import service from './service.ts'
import { start } from './start.ts'

type Body = Record<string, unknown>

/** Money of one payment. */
export interface Money {
  readonly amount: number
  readonly currency: string
  readonly merchantId: string
}
const money = { amount: 1000, currency: 'KRW', merchantId: merchant }

/** What is in flight is so for a moment; nothing is compared by itself. */
const calm = { LEDGER_IN_FLIGHT_MS: '1', LEDGER_RECONCILE_EVERY_MS: '3600000' }

/** The ledger beside the payment API and the mock gateway, with workers that a test plays. */
export async function ledgerBench(
  all: Topology,
  tested: { servers: Servers; stop(): Promise<void> },
) {
  const pay = await paymentBench(all, tested)
  const shop = merchantAt((await pay.start()).url, await pay.bearer(writer))
  const workers = await pay.reporter()
  // Their outboxes are read.
  for (const worker of [settlement, refund]) await pay.place.migrate(worker)

  /** As superuser: what no service may do. */
  const rows = <Row>(store: string, text: string, ...values: unknown[]): Promise<Row[]> =>
    pay.rowsIn(store)(text, ...values)
  const fact = (paymentId: string, rest: Partial<Money> = {}) => ({
    ...{ eventId: uuid(), paymentId, version: 3, ...money, ...rest },
    occurredAt: new Date().toISOString(),
  })

  const captureTold = (paymentId: string, rest: Partial<Money> & { eventId?: string } = {}) =>
    ({ ...fact(paymentId, rest), ...rest, status: 'CAPTURED' }) as const
  const refundTold = (paymentId: string, refundId: string, rest: Partial<Money> = {}) =>
    ({ ...fact(paymentId, rest), refundId, status: 'REFUNDED' }) as const

  const bench = {
    pay,
    rows,
    ...{ workers, captureTold, refundTold },
    start: (wishes: BenchStart = {}) =>
      pay.place.start(service, start, { ...wishes, env: { ...calm, ...wishes.env } }),
    /** Tells that a payment was captured. */
    tellCaptured: (...of: Parameters<typeof captureTold>) =>
      workers.publish(captured, { key: of[0], value: captureTold(...of) }),
    /** Tells that a refund was given back. */
    tellRefunded: (...of: Parameters<typeof refundTold>) =>
      workers.publish(refunded, { key: of[0], value: refundTold(...of) }),
    /** A report of a worker that stands in its outbox, and is not sent. */
    unsent: (
      worker: Service,
      topic: Topic,
      value: { readonly eventId: string; readonly paymentId: string },
    ) =>
      rows(
        worker.name,
        `insert into outbox (id, topic, \`key\`, payload, created_at)
         values (?, ?, ?, ?, now(6) - interval 1 hour)`,
        ...[value.eventId, topic.name, value.paymentId, JSON.stringify(value)],
      ),
    entriesOf: (businessId: string): Promise<Body[]> =>
      rows('ledger', 'select * from ledger_entry where business_id = ? order by side', businessId),
    posted: (businessId: string) =>
      until(
        `${businessId} to be posted`,
        async () => (await bench.entriesOf(businessId)).length === 2,
      ),
    /** A payment that was authorised, and whose capture is asked for. */
    authorised: async (rest: Partial<Money> = {}): Promise<string> => {
      const { body, text } = await shop.authorize(order(uuid(), rest))
      if (typeof body['paymentId'] !== 'string') throw new Error(text)
      return body['paymentId']
    },
    /** The gateway takes the money of a payment. */
    charge: async (paymentId: string, { amount, currency } = money) => {
      const key = `${paymentId}:capture`
      const authorization = `${paymentId}:auth`
      await pay.pg.call('capture', { key, authorization, amount, currency })
    },
    /** A payment that is captured everywhere. */
    settled: async (rest: Partial<Money> = {}): Promise<string> => {
      const paymentId = await bench.authorised(rest)
      await bench.charge(paymentId, { ...money, ...rest })
      await bench.tellCaptured(paymentId, rest)
      await bench.posted(paymentId)
      await until(
        `${paymentId} to be captured`,
        async () => (await shop.get(`/payments/${paymentId}`)).body['status'] === 'CAPTURED',
      )
      return paymentId
    },
    /** A part of a payment that is asked for, and given back by the gateway. */
    returned: async (paymentId: string, amount: number): Promise<string> => {
      const { body, text } = await shop.refund(paymentId, { amount, idempotencyKey: uuid() })
      if (typeof body['refundId'] !== 'string') throw new Error(text)
      const refundId = body['refundId']
      const capture = `${paymentId}:capture`
      await pay.pg.call('refund', { key: refundId, capture, amount, currency: 'KRW' })
      return refundId
    },
    /** A part of a payment that is given back everywhere. */
    givenBack: async (paymentId: string, amount: number): Promise<string> => {
      const refundId = await bench.returned(paymentId, amount)
      await bench.tellRefunded(paymentId, refundId, { amount })
      await bench.posted(refundId)
      await until(`${refundId} to be refunded`, async () => {
        const text = 'select status from refund where refund_id = ?'
        const [row] = await rows<{ status: string }>('payment', text, refundId)
        return row?.status === 'REFUNDED'
      })
      return refundId
    },
    stop: pay.stop,
  }
  return bench
}

export type LedgerBench = Awaited<ReturnType<typeof ledgerBench>>

/** A client of the ledger. */
export function ledgerAt(url: string, bearer: { readonly authorization: string }) {
  const send = async (method: 'GET' | 'POST', path: string) => {
    const answer = await request(url + path, { method, headers: bearer })
    return { status: answer.statusCode, body: (await answer.body.json()) as Body }
  }
  const get = (path: string) => send('GET', path)
  return {
    get,
    post: (path: string) => send('POST', path),
    upload: async (text: string | Buffer, type = 'text/csv; charset=utf-8') => {
      const headers = { ...bearer, 'content-type': type }
      const path = `${url}/reconciliation/files`
      const answer = await request(path, { method: 'POST', headers, body: text })
      return { status: answer.statusCode, body: (await answer.body.json()) as Body }
    },
    items: async (path: string) => (await get(path)).body['items'] as readonly Body[],
  }
}

/** A line of a file of the gateway. */
export function csvLine(
  key: string,
  rest: { type?: string; amount?: number; currency?: string; at?: Date } = {},
): string {
  const { type = 'capture', amount = 1000, currency = 'KRW', at = new Date() } = rest
  return ['txn_1', key, type, amount, currency, at.toISOString()].join(',')
}

export const csvFile = (...lines: readonly string[]): string => [header, ...lines, ''].join('\n')

export const admin = [readPayments, adminPayments]
