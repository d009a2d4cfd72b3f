import { request } from 'undici'
import { v7 as uuid } from 'uuid'
import type { Start } from '../../kit/boot.ts'
import { kafka, type Publisher } from '../../kit/kafka.ts'
import type { BenchStart, Servers } from '../../kit/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { service as declare } from '../../model/service.ts'
import type { Topology } from '../../model/topology.ts'
import { merchant, paymentBench } from '../payment/testing.ts'
import { adminPayments } from '../scopes.ts'
import {
  captured,
  captureRequested,
  refundRequested,
  type CapturedEvent,
  type CaptureRequestedEvent,
  type RefundRequestedEvent,
} from '../topics.ts'
import type { WorkerService } from './settings.ts'

type Row = Record<string, unknown>

/** Asks for captures and refunds as the payment API does. */
const asker = declare({
  name: 'asker',
  product: 'payments',
  summary: 'Asks for what a test wants.',
  port: 28_202,
  publishes: [captureRequested, refundRequested, captured],
  slo: { availability: 99, latency: { p95Ms: 100 } },
})

/** Short times, so that what waits is seen. @param name of the worker */
export const hastyWorker = (name: string): Record<string, string> => ({
  [`${name.toUpperCase()}_GATEWAY_TIMEOUT_MS`]: '600',
  [`${name.toUpperCase()}_LOOK_EVERY_MS`]: '50',
  [`${name.toUpperCase()}_BREAKER_OPEN_MS`]: '300',
  [`${name.toUpperCase()}_RETRY_INTERVAL_MS`]: '100',
  [`${name.toUpperCase()}_MAX_RETRIES`]: '3',
})

/** What every request of a test asks for. */
export const amount = 1000

const fact = (paymentId: string) => ({
  ...{ eventId: uuid(), paymentId, merchantId: merchant, version: 3 },
  ...{ amount, currency: 'KRW', occurredAt: new Date().toISOString() },
})

export const captureOf = (paymentId: string): CaptureRequestedEvent => ({
  ...fact(paymentId),
  ...{ approvalNumber: 'APP1', transactionId: 'txn_1', status: 'CAPTURE_REQUESTED' },
})

export const refundOf = (paymentId: string, part = amount): RefundRequestedEvent => ({
  ...fact(paymentId),
  ...{ amount: part, refundId: uuid(), status: 'REFUND_REQUESTED', reason: 'too large' },
})

/** A worker with the mock gateway, judged by the gateway’s log, the worker’s rows and the topics. */
export async function workerBench<S extends WorkerService>(
  all: Topology,
  tested: { servers: Servers; stop(): Promise<void> },
  { service, start }: { service: S; start: Start<S> },
) {
  const base = await paymentBench(all, tested)
  const { place, pg } = base
  let asking: Publisher | undefined
  await place.start(asker, async (context) => {
    asking = await kafka(context).publisher()
    return { url: '' }
  })
  const publisher = asking
  if (!publisher) throw new Error('The asker did not start.')
  const rows = base.rowsIn(service.name)
  const requestOf = async (id: string): Promise<Row | undefined> =>
    (await rows<Row>(`select * from ${service.name}_request where id = ?`, id))[0]
  const callsOf = async (key: string) =>
    (await pg.calls()).filter((call) => call.key === key).map(({ outcome }) => outcome)
  const money = { amount, currency: 'KRW' }
  return {
    ...base,
    publisher,
    rows,
    requestOf,
    startWorker: (wishes: BenchStart = {}) =>
      place.start(service, start, {
        ...wishes,
        env: { ...hastyWorker(service.name), ...wishes.env },
      }),
    /** A payment that the gateway holds money of. */
    authorised: async (): Promise<string> => {
      const paymentId = uuid()
      const wish = { key: `${paymentId}:auth`, merchantId: merchant, ...money }
      await pg.patiently('authorize', wish)
      return paymentId
    },
    /** Many of them, as the gateway would have written them itself. */
    authorisedMany: async (count: number): Promise<readonly string[]> => {
      const ids = Array.from({ length: count }, () => uuid())
      await base.rowsIn('pg_mock')(
        `insert into operation (op_key, type, merchant_id, amount, currency, result, code, approval_number, transaction_id)
         select concat(id, ':auth'), 'authorize', '${merchant}', ${amount}, 'KRW', 'approved', '0000', 'APP1', 'txn_1'
         from json_table(?, '$[*]' columns (id varchar(36) path '$')) wanted`,
        JSON.stringify(ids),
      )
      return ids
    },
    /** A payment that the gateway has captured. */
    taken: async (paymentId: string): Promise<string> => {
      const keys = { key: `${paymentId}:capture`, authorization: `${paymentId}:auth` }
      await pg.patiently('capture', { ...keys, ...money })
      return paymentId
    },
    askCapture: (event: CaptureRequestedEvent) =>
      publisher.publish(captureRequested, {
        ...{ key: event.paymentId, value: event, id: event.eventId },
      }),
    askRefund: (event: RefundRequestedEvent) =>
      publisher.publish(refundRequested, {
        ...{ key: event.paymentId, value: event, id: event.eventId },
      }),
    /** Reports as the settlement worker. */
    reportCaptured: (event: CapturedEvent) =>
      publisher.publish(captured, { key: event.paymentId, value: event, id: event.eventId }),
    /** What the gateway’s log says of a key, in order. */
    callsOf,
    becomes: (id: string, status: string, ms = 20_000) =>
      until(
        `the request ${id} to be ${status}`,
        async () => (await requestOf(id))?.['status'] === status,
        ms,
      ),
    /** An operator’s client of a worker. */
    operator: async (url: string, scopes = [adminPayments]) => {
      const headers = { authorization: `Bearer ${await place.token(scopes)}` }
      return async (line: string) => {
        const [method = '', path = ''] = line.split(' ')
        const answer = await request(url + path, { method, headers })
        return { status: answer.statusCode, body: (await answer.body.json()) as Row }
      }
    },
  }
}

export type WorkerBench = Awaited<ReturnType<typeof workerBench>>
