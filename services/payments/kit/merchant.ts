import type { Scope } from '../../model/scope.ts'
import type { Claims } from '../../kit/auth.ts'
import { Problem } from '../../kit/problem.ts'

/** Who asks, and for whom. */
export interface Asked {
  readonly claims: Claims | undefined
  /** The merchant that the request names, and the field in which it does. */
  readonly named: string
  readonly field: string
  /** Whoever holds one of them may choose any merchant. */
  readonly unbound: readonly Scope[]
}

/**
 * The merchant that a caller acts for.
 * @throws Problem 403 for another merchant than the token's, and for a token without one
 */
export function actingFor({ claims, named, field, unbound }: Asked): string {
  if (isUnbound(claims, unbound)) return named
  if (ownMerchant(claims) === named) return named
  throw new Problem(403, 'OTHER_MERCHANT', `This token is not of the merchant ${named}.`, {
    errors: [{ field, message: 'must be the merchant of the token' }],
  })
}

/**
 * Whose things a caller sees; undefined: everybody’s.
 * @param asked `named` undefined: the request names nobody
 * @throws Problem 403 as `actingFor`
 */
export function seenBy(
  asked: Omit<Asked, 'named' | 'field'> & { readonly named: string | undefined },
): string | undefined {
  const { claims, named, unbound } = asked
  if (named !== undefined) return actingFor({ ...asked, named, field: 'query.merchantId' })
  return isUnbound(claims, unbound) ? undefined : ownMerchant(claims)
}

const isUnbound = (claims: Claims | undefined, unbound: Asked['unbound']): boolean =>
  unbound.some(({ name }) => claims?.scopes.has(name))

function ownMerchant(claims: Claims | undefined): string {
  if (claims?.merchant !== undefined) return claims.merchant
  throw new Problem(
    403,
    'NO_MERCHANT',
    'This token is of no merchant; use one of a merchant’s client.',
  )
}
