import { Problem } from '../../kit/problem.ts'
import type { GatewayCalls } from './gateway-calls.ts'
import { seen } from './merchants.ts'
import { finishVoid, type Books } from './outcomes.ts'
import type { Payment } from './payments.ts'
import { beginVoid, paymentOf, postpone, type Times } from './store.ts'

/** What holds are let go with. */
export interface VoidDesk extends Books {
  readonly gateway: GatewayCalls
  readonly times: Times & Books['times']
}

/**
 * Lets go of what a payment holds. Once it has begun it will be done, whoever does it.
 * @returns the payment, VOIDED when the gateway has said so
 * @throws Problem 404, 409 `VOID_CONFLICT` where its state does not allow it, 503 when the gateway is left alone
 */
export async function voidPayment(
  desk: VoidDesk,
  { paymentId, merchantId }: { paymentId: string; merchantId: string },
): Promise<Payment> {
  const payment = seen(await paymentOf(desk.database, paymentId), paymentId, merchantId)
  if (payment.status === 'VOIDED' || payment.pendingCall === 'void') return payment
  if (payment.status !== 'AUTHORIZED') throw conflict(payment)
  const leave = desk.gateway.admit('void')
  const begun = await beginVoid(desk.database, payment, desk.times).catch((error: unknown) => {
    leave.release()
    throw error
  })
  if (!begun) {
    leave.release()
    return voidPayment(desk, { paymentId, merchantId })
  }
  const verdict = await leave.ask(begun)
  if (verdict.kind === 'voided') return (await finishVoid(desk, begun)) ?? begun
  await postpone(desk.database, begun)
  return begun
}

const conflict = ({ paymentId, status }: Payment): Problem =>
  new Problem(409, 'VOID_CONFLICT', `A payment that is ${status} cannot be voided.`, {
    members: { paymentId, status },
  })
