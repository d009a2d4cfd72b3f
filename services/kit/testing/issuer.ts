import { constants, KeyObject, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { v7 as uuid } from 'uuid'
import type { Scope } from '../../model/scope.ts'
import { audience } from '../auth.ts'

/** What a test may change about a token. */
export interface TokenWishes {
  readonly subject?: string
  readonly issuer?: string
  readonly audience?: string
  readonly typ?: string
  readonly merchant?: string
  /** Seconds from now; negative for an expired token. */
  readonly expiresIn?: number
}

/**
 * An issuer with a key of its own: real tokens, verified like those of the auth service.
 * @param granted scopes that a service with an identity gets when it asks for a token of its own
 */
export async function startIssuer(granted: readonly Scope[]) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' }
  const server = createServer(async (request, response) => {
    const answer =
      request.method === 'POST'
        ? { access_token: await token(granted), expires_in: 600 }
        : { keys: [jwk] }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const token = (scopes: readonly Scope[], wishes: TokenWishes = {}): Promise<string> => {
    const now = Math.floor(Date.now() / 1000)
    const { merchant } = wishes
    const scope = scopes.map(({ name }) => name).join(' ')
    return new SignJWT({ scope, client_id: 'bench', ...(merchant !== undefined && { merchant }) })
      .setProtectedHeader({ alg: 'RS256', kid: 'bench', typ: wishes.typ ?? 'at+jwt' })
      .setSubject(wishes.subject ?? 'bench')
      .setIssuer(wishes.issuer ?? issuer)
      .setAudience(wishes.audience ?? audience)
      .setJti(uuid())
      .setIssuedAt(now - 60)
      .setExpirationTime(now + (wishes.expiresIn ?? 600))
      .sign(privateKey)
  }
  const forge = (header: object, payload: object, algorithm = 'RSA-SHA256'): string => {
    const text = [header, payload].map(encoded).join('.')
    const key = KeyObject.from(privateKey)
    const options =
      algorithm === 'PS256'
        ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
        : key
    const signature = sign(
      algorithm === 'PS256' ? 'RSA-SHA256' : algorithm,
      Buffer.from(text),
      options,
    )
    return `${text}.${signature.toString('base64url')}`
  }
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { issuer, jwksUri: `${issuer}/.well-known/jwks.json`, jwk, token, forge, stop }
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
