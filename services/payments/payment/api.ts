import { z } from 'zod'
import { route, type Answer } from '../../model/route.ts'
import { amountMinor, currency, merchantId } from '../money.ts'
import { readPayments, writePayments } from '../scopes.ts'
import { breakerApi } from './breaker-api.ts'
import { captureModes, refundStatuses, statuses } from './states.ts'

/** Printable, of the plane that every store sorts alike, without blanks at its ends; compared byte by byte. */
export const idempotencyKey = z
  .string()
  .regex(
    /^[\u0021-\u007e\u00a1-\ud7ff\ue000-\uffff]([\u0020-\u007e\u00a0-\ud7ff\ue000-\uffff]{0,62}[\u0021-\u007e\u00a1-\ud7ff\ue000-\uffff])?$/,
    'must have 1–64 printable characters, none beyond U+FFFF, and no blank at either end',
  )

const params = z.object({ paymentId: z.uuid() })
const ofMerchant = z.object({ merchantId })
const status = z.enum(statuses)
const money = { amount: z.int(), currency: z.string() }

const authorization = z.object({
  paymentId: z.uuid(),
  status,
  ...money,
  createdAt: z.iso.datetime(),
  ledgerEntries: z.array(z.never()),
  message: z.string(),
})
const pending = authorization.omit({ ledgerEntries: true })
const standing = z.object({ paymentId: z.uuid(), status, ...money, message: z.string() })

const view = z.object({
  paymentId: z.uuid(),
  merchantId: z.string(),
  status,
  version: z.int(),
  ...money,
  capture: z.enum(captureModes),
  captured: z.int(),
  refunded: z.int(),
  refundReserved: z.int(),
  approvalNumber: z.string().nullable(),
  failureCode: z.string().nullable(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})
const entry = z.object({
  version: z.int(),
  status,
  reason: z.string().nullable(),
  at: z.iso.datetime(),
})
const refund = z.object({
  refundId: z.uuid(),
  amount: z.int(),
  reason: z.string(),
  status: z.enum(refundStatuses),
  failureCode: z.string().nullable(),
  createdAt: z.iso.datetime(),
})
const whole = view.extend({ history: z.array(entry), refunds: z.array(refund) })

const replayed = { 'idempotent-replayed': '`true` where it was given before' }
const later = {
  location: 'Where the payment can be asked for, relative to this request',
  'retry-after': 'Seconds',
}
const notYet = (schema: z.ZodType, summary: string): Answer => ({ summary, schema, headers: later })

const writing = { access: writePayments, numbers: 'integers' } as const

/** What merchants ask for. */
export const paymentApi = {
  authorize: route('POST /payments/authorize', {
    ...writing,
    summary:
      'Authorises a payment, and has it captured unless `capture` is manual. The key, in `Idempotency-Key` or the body, makes it safe to send again: the first final answer (200, 402) comes again to the byte.',
    body: z.object({
      merchantId,
      amount: amountMinor,
      currency,
      idempotencyKey: idempotencyKey.optional(),
      capture: z.enum(captureModes).default('automatic'),
    }),
    problems: [402, 409, 422, 429],
    answers: {
      200: { summary: 'Authorised', schema: authorization, headers: replayed },
      202: notYet(pending, 'Nobody knows yet; ask at `Location`, or send the same again'),
    },
  }),
  capture: route('POST /payments/capture/:paymentId', {
    ...writing,
    summary:
      'Asks for the capture of an authorised payment. `Prefer: wait=5` waits so many seconds for its end.',
    params,
    body: ofMerchant,
    problems: [404, 409, 429],
    answers: {
      200: { summary: 'Captured', schema: standing },
      202: notYet(standing, 'Asked for'),
    },
  }),
  void: route('POST /payments/void/:paymentId', {
    ...writing,
    summary: 'Lets go of an authorised payment that nobody has asked to capture.',
    params,
    body: ofMerchant,
    problems: [404, 409, 429],
    answers: {
      200: { summary: 'Voided', schema: standing },
      202: notYet(standing, 'It will be; the gateway has not confirmed yet'),
    },
  }),
  refund: route('POST /payments/refund/:paymentId', {
    ...writing,
    summary:
      'Asks for the refund of a captured payment: of `amount` under an `Idempotency-Key`, or of all that is left.',
    params,
    body: ofMerchant.extend({
      reason: z.string().trim().min(1, 'must not be blank').max(128),
      amount: amountMinor.optional(),
      idempotencyKey: idempotencyKey.optional(),
    }),
    problems: [404, 409, 422, 429],
    answers: {
      200: {
        summary: 'Asked for',
        schema: standing
          .extend({ refundId: z.uuid() })
          .omit({ status: true })
          .extend({
            status: z.enum(refundStatuses),
          }),
        headers: replayed,
      },
    },
  }),
  list: route('GET /payments', {
    summary: 'Payments of the own merchant, latest first, page by page.',
    access: readPayments,
    query: z.object({
      cursor: z.uuid().optional(),
      size: z.coerce.number<string>().int().min(1).max(100).default(20),
      status: status.optional(),
      currency: currency.optional(),
      merchantId: merchantId.optional(),
      from: z.iso.datetime({ offset: true }).optional().describe('Asked for then or later'),
      to: z.iso.datetime({ offset: true }).optional().describe('Asked for before'),
    }),
    answers: {
      200: {
        summary: 'A page; `next` is the cursor of the following one, null at the end',
        schema: z.object({ items: z.array(view), next: z.uuid().nullable() }),
      },
    },
  }),
  get: route('GET /payments/:paymentId', {
    summary: 'One payment with its history and refunds.',
    access: readPayments,
    params,
    problems: [404],
    answers: { 200: { summary: 'The payment', schema: whole } },
  }),
}

export const api = { ...paymentApi, ...breakerApi }
