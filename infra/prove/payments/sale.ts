import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../../services/kit/testing/random.ts'
import type { Client, Told } from './client.ts'

/** What becomes of a sale when nothing stands in its way. */
export const wants = ['kept', 'captured', 'voided', 'refunded', 'partly refunded'] as const
export type Want = (typeof wants)[number]

/** A sale as its merchant knows it: a wish, and what was acknowledged. */
export interface Sale {
  readonly merchantId: string
  readonly key: string
  readonly amount: number
  readonly currency: string
  readonly want: Want
  /** Final answers to its authorisation, as they came. */
  readonly finals: Pick<Told, 'status' | 'text'>[]
  paymentId?: string
  readonly refunds: { readonly refundId: string; readonly amount: number }[]
  /** Why it did not come to its end. */
  failure?: string
}

/** Takes a sale to its end. Never rejects. */
export async function sell(client: Client, sale: Sale, random: Random): Promise<void> {
  try {
    await authorize(client, sale, random)
    const isPaid = sale.finals[0]?.status === 200
    if (isPaid) await goOn(client, sale)
    if (random() < 0.5) await pay(client, sale)
  } catch (error) {
    sale.failure = (error as Error).message
  }
}

/** Every fifth one is sent twice at once, by a client that did not wait. */
async function authorize(client: Client, sale: Sale, random: Random): Promise<void> {
  if (random() < 0.2) {
    const [first] = await Promise.allSettled([pay(client, sale), pay(client, sale)])
    if (first.status === 'rejected') throw first.reason
  } else await pay(client, sale)
}

async function pay(client: Client, sale: Sale): Promise<void> {
  const { merchantId, key, amount, currency, want, finals } = sale
  const capture = want === 'captured' || want === 'voided' ? 'manual' : 'automatic'
  const wish = { merchantId, amount, currency, capture, idempotencyKey: key }
  const { status, text, body } = await client.insist(
    'authorize',
    'POST /api/payments/authorize',
    wish,
  )
  finals.push({ status, text })
  sale.paymentId ??= String(body['paymentId'])
}

async function goOn(client: Client, sale: Sale): Promise<void> {
  const { merchantId, paymentId, want } = sale
  const on = (what: string): string => `POST /api/payments/${what}/${paymentId}`
  if (want === 'captured') await client.insist('capture', on('capture'), { merchantId })
  if (want === 'voided') await client.insist('void', on('void'), { merchantId })
  if (want === 'refunded' || want === 'partly refunded') {
    await captured(client, sale)
    await Promise.all(parts(sale).map((part) => refund(client, sale, part)))
  }
}

interface Part {
  readonly amount: number
  readonly key?: string
}

/** All of it, or two parts at once that leave something. */
const parts = ({ want, amount, key }: Sale): readonly Part[] =>
  want === 'refunded'
    ? [{ amount }]
    : [
        { amount: Math.floor(amount / 3), key: `${key}-a` },
        { amount: Math.floor(amount / 4), key: `${key}-b` },
      ]

async function refund(client: Client, sale: Sale, { amount, key }: Part): Promise<void> {
  const { merchantId, paymentId } = sale
  const part = key === undefined ? {} : { amount, idempotencyKey: key }
  const line = `POST /api/payments/refund/${paymentId}`
  const { body } = await client.insist('refund', line, { merchantId, reason: 'proven', ...part })
  sale.refunds.push({ refundId: String(body['refundId']), amount })
}

const lookEveryMs = 400
/** A capture whose result is unknown is asked for again after a while. */
const capturedWithinMs = 60_000

async function captured(client: Client, { paymentId }: Sale): Promise<void> {
  for (const until = performance.now() + capturedWithinMs; ; await delay(lookEveryMs)) {
    const { body } = await client.insist('read', `GET /api/payments/${paymentId}`)
    if (Number(body['captured']) > 0) return
    if (performance.now() > until)
      throw new Error(`${paymentId} is ${String(body['status'])} and not captured.`)
  }
}
