import { SignJWT } from 'jose'
import { v7 as uuid } from 'uuid'
import { audience } from '../../kit/auth.ts'
import type { Context } from '../../kit/context.ts'
import type { Granted } from './granted.ts'
import type { KeyRing } from './keys.ts'
import type auth from './service.ts'

/** Signs access tokens in the form of RFC 9068 with the key that is current. */
export function accessTokens(
  { clock, config }: Context<typeof auth>,
  keys: KeyRing,
): (granted: Granted) => Promise<string> {
  const issuer = config.text('AUTH_ISSUER')
  const { accessSeconds } = config.settings
  return ({ clientId, subject, scopes, merchant }) => {
    const { kid, privateKey } = keys.current()
    const issuedAt = Math.floor(clock() / 1000)
    const claims = { scope: scopes.join(' '), client_id: clientId }
    return new SignJWT({ ...claims, ...(merchant !== null && { merchant }) })
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid })
      .setIssuer(issuer)
      .setSubject(subject)
      .setAudience(audience)
      .setJti(uuid())
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + accessSeconds)
      .sign(privateKey)
  }
}
