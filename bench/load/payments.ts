import { check } from 'k6'
import { randomBytes } from 'k6/crypto'
import http, { type RefinedResponse } from 'k6/http'
import { Counter, Rate, Trend } from 'k6/metrics'

/** Where, and as whom: `./maru load` says it. */
const base = __ENV['BASE_URL'] ?? 'http://127.0.0.1:8080/api'
const token = __ENV['TOKEN'] ?? ''

const durations = {
  authorize: new Trend('payment_authorize_duration', true),
  capture: new Trend('payment_capture_duration', true),
  refund: new Trend('payment_refund_duration', true),
}
/** From the order until its refund is asked for, pauses included. */
export const wholeFlow = new Trend('payment_full_flow_duration', true)
/** Of what merchants asked, the share that was not what they wanted: refusals, duplicates and unknown results count. */
const errors = new Rate('payment_errors')
/** The same by what the answer was. */
const others = {
  202: new Counter('payment_unknown'),
  402: new Counter('payment_declined'),
  409: new Counter('payment_conflicts'),
  422: new Counter('payment_keys_reused'),
  429: new Counter('payment_limited'),
  503: new Counter('payment_unavailable'),
} as Readonly<Record<number, Counter>>
const replayed = new Counter('payment_replayed')
const broken = new Counter('payment_broken')

/** Load generators have one trace in a hundred kept. */
const tracedShare = 0.01

const merchants = 1000
const steps = 50
const step = 1000

type Answer = RefinedResponse<'text'>

export interface Order {
  readonly merchantId: string
  readonly amount: number
  readonly currency: string
  readonly idempotencyKey: string
  readonly capture: 'automatic' | 'manual'
}

/** @param merchant number of the merchant; a random one of a thousand by default */
export const someOrder = (
  capture: Order['capture'],
  merchant = 1 + Math.floor(Math.random() * merchants),
): Order => ({
  merchantId: `MERCHANT-${merchant}`,
  amount: step * (1 + Math.floor(Math.random() * steps)),
  currency: 'KRW',
  idempotencyKey: `k6-${__VU}-${Date.now()}-${hex(6)}`,
  capture,
})

/** Every other merchant. */
export const oddMerchant = (): number => 1 + 2 * Math.floor(Math.random() * (merchants / 2))

/** @returns the payment’s id; undefined where it was not authorised, for the first time, by this request */
export function authorize(order: Order): string | undefined {
  const answer = post('authorize', '/payments/authorize', order)
  const paymentId = field(answer, 'paymentId')
  const isReplay = answer.headers['Idempotent-Replayed'] !== undefined
  if (isReplay) replayed.add(1)
  const good = answer.status === 200 && paymentId !== undefined && !isReplay
  return noted(answer, good) ? paymentId : undefined
}

/** Sends the same again: one answer, to the byte, and no second payment. */
export function authorizesOnce(order: Order): void {
  const first = post('authorize', '/payments/authorize', order)
  const again = post('authorize', '/payments/authorize', order)
  const same = first.status === 200 && again.status === 200 && first.body === again.body
  noted(first, same)
  const isReplay = again.headers['Idempotent-Replayed'] === 'true'
  noted(again, check(again, { 'the same again gets the same answer': () => same && isReplay }))
}

/** @param waitSeconds for how long the answer may wait for the capture’s end @returns whether it was asked for, or is done */
export function capture(
  paymentId: string,
  { merchantId }: Order,
  waitSeconds = 0,
): 'captured' | 'asked' | undefined {
  const headers = waitSeconds > 0 ? { prefer: `wait=${waitSeconds}` } : {}
  const answer = post('capture', `/payments/capture/${paymentId}`, { merchantId }, headers)
  if (!noted(answer, answer.status === 200 || answer.status === 202)) return undefined
  return answer.status === 200 ? 'captured' : 'asked'
}

/** Of all that was captured. */
export function refund(paymentId: string, { merchantId }: Order): boolean {
  const body = { merchantId, reason: 'load' }
  const answer = post('refund', `/payments/refund/${paymentId}`, body)
  return noted(answer, answer.status === 200 && field(answer, 'refundId') !== undefined)
}

function post(
  action: keyof typeof durations,
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const answer = http.post(base + path, JSON.stringify(body), {
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
      traceparent: `00-${hex(16)}-${hex(8)}-${Math.random() < tracedShare ? '01' : '00'}`,
      ...headers,
    },
    // One series per route, not per payment.
    tags: { name: `/payments/${action}` },
    responseType: 'text',
  })
  durations[action].add(answer.timings.duration)
  return answer
}

function noted(answer: Answer, good: boolean): boolean {
  errors.add(!good)
  if (!good) (others[answer.status] ?? broken).add(1)
  return check(answer, { 'it is what was wanted': () => good })
}

function field(answer: Answer, name: string): string | undefined {
  try {
    const value = (answer.json() as Record<string, unknown> | null)?.[name]
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined // no JSON
  }
}

const hex = (bytes: number): string =>
  [...new Uint8Array(randomBytes(bytes))].map((one) => one.toString(16).padStart(2, '0')).join('')
