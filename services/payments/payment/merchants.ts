import type { Claims } from '../../kit/auth.ts'
import * as merchant from '../kit/merchant.ts'
import { Problem } from '../../kit/problem.ts'
import { adminPayments, anyMerchant } from '../scopes.ts'
import type { Payment } from './payments.ts'

/** The merchant that a caller acts for. @param named what the body says @throws Problem 403 */
export const actingFor = (claims: Claims | undefined, named: string): string =>
  merchant.actingFor({ claims, named, field: 'body.merchantId', unbound: [anyMerchant] })

/** Whose payments a caller sees; undefined: everybody’s. @throws Problem 403 as `actingFor` */
export const seenBy = (claims: Claims | undefined, named: string | undefined): string | undefined =>
  merchant.seenBy({ claims, named, unbound: [anyMerchant, adminPayments] })

/** @throws Problem 404, also for a payment of somebody else: who may not see it does not learn of it */
export function seen(
  payment: Payment | undefined,
  id: string,
  merchant: string | undefined,
): Payment {
  if (payment !== undefined && (merchant === undefined || payment.merchantId === merchant))
    return payment
  throw new Problem(404, 'NOT_FOUND', `There is no payment ${id} of this merchant.`)
}
