import { z } from 'zod'
import { deadLetterTopic, topic } from '../model/topic.ts'
import { amountMinor, currency, merchantId } from './money.ts'

/** What every event of a payment says. `version` is the payment’s when it was asked for, or changed. */
const fact = {
  eventId: z.uuid(),
  paymentId: z.uuid(),
  merchantId,
  version: z.int().positive(),
  amount: amountMinor,
  currency,
  occurredAt: z.iso.datetime(),
}

const approval = { approvalNumber: z.string(), transactionId: z.string() }
const ofRefund = { refundId: z.uuid() }

/** Why it was not done: the gateway’s last word. */
const failure = {
  code: z.string(),
  message: z.string(),
  isFinal: z
    .boolean()
    .optional()
    .describe('True: the gateway decided against it. Else it was given up, and may be tried again'),
}

const authorizedEvent = z.object({ ...fact, ...approval, status: z.literal('AUTHORIZED') })
const captureRequestedEvent = z.object({
  ...fact,
  ...approval,
  status: z.literal('CAPTURE_REQUESTED'),
})
const voidedEvent = z.object({ ...fact, status: z.literal('VOIDED') })
const refundRequestedEvent = z.object({
  ...fact,
  ...ofRefund,
  status: z.literal('REFUND_REQUESTED'),
  reason: z.string(),
})
export type AuthorizedEvent = z.infer<typeof authorizedEvent>
export type CaptureRequestedEvent = z.infer<typeof captureRequestedEvent>
export type VoidedEvent = z.infer<typeof voidedEvent>
export type RefundRequestedEvent = z.infer<typeof refundRequestedEvent>

const capturedEvent = z.object({ ...fact, status: z.literal('CAPTURED') })
const captureFailedEvent = z.object({ ...fact, ...failure, status: z.literal('CAPTURE_FAILED') })
const refundedEvent = z.object({ ...fact, ...ofRefund, status: z.literal('REFUNDED') })
const refundFailedEvent = z.object({
  ...fact,
  ...ofRefund,
  ...failure,
  status: z.literal('REFUND_FAILED'),
})
export type CapturedEvent = z.infer<typeof capturedEvent>
export type CaptureFailedEvent = z.infer<typeof captureFailedEvent>
export type RefundedEvent = z.infer<typeof refundedEvent>
export type RefundFailedEvent = z.infer<typeof refundFailedEvent>

const key = 'paymentId'
/** Workers read requests in parallel, one member a partition at most. */
const partitions = 12

export const authorized = topic('payment.authorized.v1', {
  summary: 'An amount is held.',
  type: 'kr.maru.payment.authorized.v1',
  schema: authorizedEvent,
  key,
  readBy: 'outside',
})

export const captureRequested = topic('payment.capture-requested.v1', {
  summary: 'What is held is to be taken.',
  type: 'kr.maru.payment.capture-requested.v1',
  schema: captureRequestedEvent,
  ...{ key, partitions },
  deadLetters: deadLetterTopic('settlement.v1.dlq', {
    summary: 'Requests to capture that could not be taken in, or were given up.',
    key,
    type: 'kr.maru.payment.capture-requested.v1',
  }),
})

export const refundRequested = topic('payment.refund-requested.v1', {
  summary: 'A part of what was taken, or all of it, is to be given back.',
  type: 'kr.maru.payment.refund-requested.v1',
  schema: refundRequestedEvent,
  ...{ key, partitions },
  deadLetters: deadLetterTopic('refund.v1.dlq', {
    summary: 'Requests to refund that could not be taken in, or were given up.',
    key,
    type: 'kr.maru.payment.refund-requested.v1',
  }),
})

export const voided = topic('payment.voided.v1', {
  summary: 'What was held is let go.',
  type: 'kr.maru.payment.voided.v1',
  schema: voidedEvent,
  key,
  readBy: 'outside',
})

const reported = {
  key,
  deadLetters: deadLetterTopic('payment.v1.dlq', {
    summary: 'Reports about payments that could not be taken in.',
    key,
    type: 'kr.maru.payment.report.v1',
  }),
} as const

export const captured = topic('payment.captured.v1', {
  summary: 'What was held is taken.',
  type: 'kr.maru.payment.captured.v1',
  schema: capturedEvent,
  ...reported,
})

export const captureFailed = topic('payment.capture-failed.v1', {
  summary: 'What was held cannot be taken.',
  type: 'kr.maru.payment.capture-failed.v1',
  schema: captureFailedEvent,
  ...reported,
})

export const refunded = topic('payment.refunded.v1', {
  summary: 'A refund has been given back.',
  type: 'kr.maru.payment.refunded.v1',
  schema: refundedEvent,
  ...reported,
})

export const refundFailed = topic('payment.refund-failed.v1', {
  summary: 'A refund cannot be given back.',
  type: 'kr.maru.payment.refund-failed.v1',
  schema: refundFailedEvent,
  ...reported,
})

const settlementClosedEvent = z.object({
  eventId: z.uuid(),
  batchId: z.int().positive(),
  businessDate: z.iso.date(),
  merchantId,
  currency,
  captured: z.int().nonnegative(),
  refunded: z.int().nonnegative(),
  net: z.int(),
  postings: z.int().positive(),
  closedAt: z.iso.datetime(),
})
export type SettlementClosedEvent = z.infer<typeof settlementClosedEvent>

export const settlementClosed = topic('settlement.closed.v1', {
  summary: 'What a merchant is to be paid for a day, or owes.',
  type: 'kr.maru.settlement.closed.v1',
  schema: settlementClosedEvent,
  key: 'merchantId',
  readBy: 'outside',
})
