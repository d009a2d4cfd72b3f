import type { Claims } from '../../kit/auth.ts'
import { Problem } from '../../kit/problem.ts'
import { adminPayments, anyMerchant } from '../scopes.ts'
import type { Payment } from './payments.ts'

/**
 * The merchant that a caller acts for.
 * @param named what the request says; only who may act for any merchant can choose
 * @throws Problem 403 for another merchant than the token's, and for a token without one
 */
export function actingFor(claims: Claims | undefined, named: string): string {
  if (mayActForAny(claims)) return named
  if (ownMerchant(claims) === named) return named
  throw new Problem(403, 'OTHER_MERCHANT', `This token is not of the merchant ${named}.`, {
    errors: [{ field: 'body.merchantId', message: 'must be the merchant of the token' }],
  })
}

/** Whose payments a caller sees; undefined: everybody’s. @throws Problem 403 as `actingFor` */
export function seenBy(claims: Claims | undefined, named: string | undefined): string | undefined {
  if (claims?.scopes.has(adminPayments.name)) return named
  if (named !== undefined) return actingFor(claims, named)
  return mayActForAny(claims) ? undefined : ownMerchant(claims)
}

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

const mayActForAny = (claims: Claims | undefined): boolean =>
  claims?.scopes.has(anyMerchant.name) === true

function ownMerchant(claims: Claims | undefined): string {
  if (claims?.merchant !== undefined) return claims.merchant
  throw new Problem(
    403,
    'NO_MERCHANT',
    'This token is of no merchant; use one of a merchant’s client.',
  )
}
