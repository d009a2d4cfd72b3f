import { v7 as uuid } from 'uuid'
import type { CaptureMode, Status } from './states.ts'

/** What a merchant wants authorised. */
export interface Order {
  readonly merchantId: string
  readonly amount: number
  readonly currency: string
  readonly capture: CaptureMode
}

/** A payment’s row. */
export interface Payment extends Order {
  readonly paymentId: string
  readonly key: string
  readonly requestHash: string
  readonly status: Status
  readonly version: number
  readonly attempt: number
  /** What the gateway was asked and has not been heard to answer. */
  readonly pendingCall: 'authorize' | 'void' | null
  /** For how long its attempt is still alone with it, by the database’s clock. */
  readonly leaseMs: number
  /** By the database’s clock. */
  readonly ageMs: number
  readonly approvalNumber: string | null
  readonly transactionId: string | null
  readonly failureCode: string | null
  readonly captured: number
  readonly refundReserved: number
  readonly refunded: number
  readonly requestedAt: Date
  readonly updatedAt: Date
}

/** The gateway’s name for the authorisation of a payment, the same for every attempt. */
export const authorizationKey = ({ paymentId }: Pick<Payment, 'paymentId'>): string =>
  `${paymentId}:auth`

/** What every event says of a payment that is now at this version. */
export const factOf = (payment: Payment, version: number) => ({
  eventId: uuid(),
  paymentId: payment.paymentId,
  merchantId: payment.merchantId,
  version,
  amount: payment.amount,
  currency: payment.currency,
  occurredAt: new Date().toISOString(),
})

/** What a merchant sees of a payment. */
export const viewOf = (payment: Payment) => ({
  paymentId: payment.paymentId,
  merchantId: payment.merchantId,
  status: payment.status,
  version: payment.version,
  amount: payment.amount,
  currency: payment.currency,
  capture: payment.capture,
  captured: payment.captured,
  refunded: payment.refunded,
  refundReserved: payment.refundReserved,
  approvalNumber: payment.approvalNumber,
  failureCode: payment.failureCode,
  createdAt: payment.requestedAt.toISOString(),
  updatedAt: payment.updatedAt.toISOString(),
})
