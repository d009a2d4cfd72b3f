import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { shop } from '../../../services/payments/clients.ts'
import type { Gateway } from '../front-door.ts'
import { waitFor } from './wait.ts'

const payment = z.object({
  paymentId: z.string(),
  status: z.string(),
  amount: z.int(),
  currency: z.string(),
  captured: z.int(),
  refunded: z.int(),
  history: z.array(
    z.object({
      version: z.int(),
      status: z.string(),
      reason: z.string().nullable(),
      at: z.string(),
    }),
  ),
  refunds: z.array(
    z.object({ refundId: z.string(), amount: z.int(), reason: z.string(), status: z.string() }),
  ),
})
export type Payment = z.infer<typeof payment>

const named = z.object({ paymentId: z.string() })
const refundNamed = z.object({ refundId: z.string() })

interface Order {
  /** Won. */
  readonly amount: number
  readonly capture: 'automatic' | 'manual'
}

/** Of each other: the gateway leaves one authorisation in 200 without a result. */
const authorizationsAtMost = 3
/** One work in 20 comes to nothing at first and is done again half a minute later, in 400 a minute after that. */
const doneWithinMs = 110_000

export type Till = ReturnType<typeof tillOf>

/** Payments of the demo shop. What is refused is thrown as an error with its answer. @param gateway with its token */
export function tillOf({ send }: Gateway) {
  const merchantId = shop.merchant
  const paymentNamed = async (id: string): Promise<Payment> =>
    (await send(`GET /api/payments/${id}`, { schema: payment })).body
  const until = async (id: string, has: (payment: Payment) => boolean): Promise<Payment> => {
    let status = 'not known'
    return waitFor(
      async () => {
        const now = await paymentNamed(id)
        status = now.status
        return has(now) ? now : undefined
      },
      { deadlineMs: doneWithinMs, reason: () => `payment ${id} is ${status} (./maru dlq ls)` },
    )
  }
  const authorizeOnce = async (order: Order) => {
    const body = { ...order, merchantId, currency: 'KRW', idempotencyKey: randomUUID() }
    const wish = { body, schema: named, repeatable: true }
    const { body: answer, traceId } = await send('POST /api/payments/authorize', wish)
    // Of an unknown result it is known later whether the gateway holds the amount.
    return { traceId, payment: await until(answer.paymentId, ({ status }) => status !== 'READY') }
  }
  return {
    /** Authorises a payment; one that comes to nothing is followed by another. */
    authorize: async (order: Order) => {
      for (let left = authorizationsAtMost; left > 0; left -= 1) {
        const { payment, traceId } = await authorizeOnce(order)
        if (payment.status !== 'AUTH_FAILED') return { payment, traceId }
      }
      throw new Error(`the gateway failed ${authorizationsAtMost} authorisations in a row`)
    },
    capture: (id: string) =>
      send(`POST /api/payments/capture/${id}`, {
        ...{ body: { merchantId }, schema: named, repeatable: true },
      }),
    /** A part, or all that is left. */
    refund: async (id: string, reason: string, amount?: number): Promise<string> => {
      const part = amount === undefined ? {} : { amount, idempotencyKey: randomUUID() }
      const body = { merchantId, reason, ...part }
      const wish = { body, schema: refundNamed, repeatable: true }
      return (await send(`POST /api/payments/refund/${id}`, wish)).body.refundId
    },
    /** Waits for the settlement worker. */
    captured: (id: string) => until(id, ({ captured }) => captured > 0),
    /** Waits for the refund worker. */
    refunded: (id: string, refundId: string) =>
      until(id, ({ refunds }) =>
        refunds.some((one) => one.refundId === refundId && one.status === 'REFUNDED'),
      ),
  }
}
