import { timingSafeEqual } from 'node:crypto'
import { oauthProblem } from './oauth-problem.ts'

export interface Credentials {
  readonly id: string
  readonly secret: string
}

type Form = { client_id?: string | undefined; client_secret?: string | undefined }

/**
 * A client's id and secret from HTTP Basic or from the body, never from both (RFC 6749 §2.3).
 * @throws Problem 401 invalid_client, 400 invalid_request
 */
export function credentialsOf(authorization: string | undefined, form: Form): Credentials {
  const { client_id: id, client_secret: secret } = form
  if (authorization === undefined) {
    if (id && secret) return plain({ id, secret })
    throw oauthProblem(
      'invalid_client',
      'The client must say who it is, by HTTP Basic or in the body.',
    )
  }
  const basic = basicOf(authorization)
  if (secret !== undefined || (id !== undefined && id !== basic.id))
    throw oauthProblem('invalid_request', 'Credentials belong either in the header or in the body.')
  return plain(basic)
}

/** Client ids are declared in plain letters; anything else (a NUL, which Postgres refuses) is nobody's. */
function plain(given: Credentials): Credentials {
  if (/^[\x21-\x7e]{1,128}$/.test(given.id)) return given
  throw oauthProblem('invalid_client', 'The client is unknown or its secret is wrong.')
}

/** Both parts are form-encoded inside of Basic (RFC 6749 §2.3.1). */
function basicOf(authorization: string): Credentials {
  const [, encoded = ''] = /^Basic ([A-Za-z0-9+/=]{1,4096})$/i.exec(authorization) ?? []
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  try {
    if (colon > 0)
      return { id: decoded(text.slice(0, colon)), secret: decoded(text.slice(colon + 1)) }
  } catch {
    // Not form-encoded: refused like every other wrong header.
  }
  throw oauthProblem('invalid_client', 'The Authorization header is not HTTP Basic.')
}

const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))

/** Compares hashes in constant time; an unknown client costs as much as a wrong secret. */
export const sameHash = (one: Buffer, other: Buffer | undefined): boolean =>
  timingSafeEqual(one, other?.length === one.length ? other : Buffer.alloc(one.length))
