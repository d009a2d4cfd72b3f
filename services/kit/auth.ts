import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  jwtVerify,
  type JWTVerifyGetKey,
} from 'jose'
import { LRUCache } from 'lru-cache'
import type { Scope } from '../model/scope.ts'
import { counter } from '../model/metric.ts'
import type { Context } from './context.ts'
import { Problem } from './problem.ts'

/** Who calls, as a verified access token says. */
export interface Claims {
  readonly subject: string
  readonly clientId: string
  readonly scopes: ReadonlySet<string>
  /** The merchant that the client stands for. */
  readonly merchant: string | undefined
  /** Epoch seconds. */
  readonly expiresAt: number
}

/** Who did something, as trails name them. */
export type Actor = Pick<Claims, 'subject' | 'clientId'>

/** Of a route that is not public. @throws Error without claims: what people do never stands in a trail without a name */
export function actorOf(claims: Claims | undefined): Actor {
  if (claims === undefined) throw new Error('Somebody without a token would stand in a trail.')
  return { subject: claims.subject, clientId: claims.clientId }
}

/** Verifies access tokens. */
export interface Verifier {
  /** @throws Problem 401 with `WWW-Authenticate`; the reason is logged, never told */
  verify(authorization: string | undefined): Promise<Claims>
}

/** Every token of the platform is for this audience. */
export const audience = 'maru'

export const validationFailed = counter<'reason'>('auth_token_validation_failed_total', {
  help: 'Access tokens that were refused',
  labels: { reason: ['missing', 'expired', 'claims', 'signature', 'unknown_key', 'malformed'] },
})

/** How long a verifier may keep the key set; the issuer publishes new keys twice this time before use. */
export const jwksCacheMs = 60_000

const cachedTokens = 10_000
/** A key that was revoked is refused within this time everywhere. */
const cachedForMs = 30_000
const clockToleranceSeconds = 5
/** No access token is good for longer, whatever it says of itself. */
const longestLifeSeconds = 86_400
/** New keys are published 2 × 60 s before use, so a short cooldown only guards against floods of made-up kids. */
export const jwksCooldownMs = 1000
const jwks = { cooldownDuration: jwksCooldownMs, cacheMaxAge: jwksCacheMs, timeoutDuration: 2000 }

/**
 * Verifier against the issuer's published keys, with a cache of verified tokens (jose costs ~70 µs, a hit ~1.5 µs).
 * @param keys defaults to the JWKS at `AUTH_JWKS_URI`
 */
export function createVerifier(context: Context, keys?: JWTVerifyGetKey): Verifier {
  const { config, clock, meter, log } = context
  const source = keys ?? publishedKeys(new URL(config.text('AUTH_JWKS_URI')), clock)
  const issuer = config.text('AUTH_ISSUER')
  const cache = new LRUCache<string, Claims>({ max: cachedTokens, ttl: cachedForMs })
  meter.register(validationFailed)

  const refuse = (reason: FailureReason, err?: unknown): Problem => {
    meter.add(validationFailed, { reason })
    if (err) log.debug({ err, reason }, 'token refused')
    return unauthorized()
  }

  return {
    verify: async (authorization = '') => {
      // Of the whole header: what was found good in one spelling is good in this spelling only.
      const fingerprint = hash('sha256', authorization, 'base64')
      const known = cache.get(fingerprint)
      if (known && known.expiresAt * 1000 > clock()) return known
      const token = bearer(authorization)
      if (token === undefined)
        throw refuse(/^Bearer ./i.test(authorization) ? 'malformed' : 'missing')
      try {
        const claims = await verifyToken(token, { source, issuer, clock })
        cache.set(fingerprint, claims)
        return claims
      } catch (error) {
        if (unreachable(error)) throw keysAway(error)
        throw refuse(reasonOf(error), error)
      }
    },
  }
}

/** @throws Problem 403 when the token lacks the scope (RFC 6750 §3.1) */
export function requireScope(claims: Claims, scope: Scope): void {
  if (claims.scopes.has(scope.name)) return
  throw new Problem(403, 'INSUFFICIENT_SCOPE', `This needs the scope "${scope.name}".`, {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope.name}"` },
  })
}

/** An issuer that is away for this long may have revoked a key meanwhile: then nobody is let in. */
const lastKeysKeptMs = 3_600_000

/**
 * The issuer's published keys. While they cannot be had, those that were published last go on verifying for an hour:
 * good tokens stay good, and a key that is not among them is answered with 503.
 */
function publishedKeys(url: URL, clock: () => number): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(url, jwks)
  let heardAt = -Infinity
  return async (header, token) => {
    try {
      const key = await remote(header, token)
      heardAt = clock()
      return key
    } catch (error) {
      const last = remote.jwks()
      if (!unreachable(error) || !last || clock() - heardAt > lastKeysKeptMs) throw error
      return await createLocalJWKSet(last)(header, token).catch(() => Promise.reject(error))
    }
  }
}

async function verifyToken(
  token: string,
  { source, issuer, clock }: { source: JWTVerifyGetKey; issuer: string; clock: () => number },
): Promise<Claims> {
  const { payload, protectedHeader } = await jwtVerify(token, source, {
    algorithms: ['RS256'],
    issuer,
    audience,
    typ: 'at+jwt',
    requiredClaims: ['sub', 'exp', 'iat', 'jti'],
    clockTolerance: clockToleranceSeconds,
    maxTokenAge: longestLifeSeconds,
    currentDate: new Date(clock()),
  })
  // Where the set has one key, jose takes it for a token that names none.
  if (protectedHeader.kid === undefined) throw new errors.JWSInvalid('no kid')
  const { scope, client_id: clientId, merchant, exp = 0, iat = 0 } = payload
  if (exp - iat > longestLifeSeconds)
    throw new errors.JWTClaimValidationFailed('good for too long', payload, 'exp')
  if (typeof scope !== 'string')
    throw new errors.JWTClaimValidationFailed('no scope', payload, 'scope')
  return {
    subject: String(payload.sub),
    clientId: typeof clientId === 'string' ? clientId : String(payload.sub),
    scopes: new Set(scope.split(' ').filter(Boolean)),
    merchant: typeof merchant === 'string' ? merchant : undefined,
    expiresAt: exp,
  }
}

/** Longer tokens are not looked at. */
const longestToken = 8192
const jws = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i

/** RFC 6750: exactly one `Bearer` credential, in the one spelling that base64url has for its bytes. */
function bearer(authorization: string): string | undefined {
  if (authorization.length > longestToken) return undefined
  const token = jws.exec(authorization)?.[1]
  return token !== undefined && isCanonical(token.slice(token.lastIndexOf('.') + 1))
    ? token
    : undefined
}

/** Header and claims are signed as they are spelled; a signature has unused bits that decoders ignore. */
const isCanonical = (part: string): boolean =>
  Buffer.from(part, 'base64url').toString('base64url') === part

/** The `Authorization` header of a request; undefined where there are several, of which Node shows the first. */
export function credentialOf({ headers, rawHeaders }: IncomingMessage): string | undefined {
  let seen = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (name.length === 13 && name.toLowerCase() === 'authorization') seen += 1
  }
  return seen === 1 ? headers.authorization : undefined
}

const unauthorized = (): Problem =>
  new Problem(401, 'UNAUTHORIZED', 'A valid access token is needed.', {
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })

const keysAway = (cause: unknown): Problem =>
  new Problem(503, 'KEYS_UNAVAILABLE', 'Tokens cannot be verified at the moment.', {
    headers: { 'retry-after': '1' },
    cause,
  })

type FailureReason = 'missing' | 'expired' | 'claims' | 'signature' | 'unknown_key' | 'malformed'

function reasonOf(error: unknown): FailureReason {
  if (error instanceof errors.JWTExpired) return 'expired'
  if (error instanceof errors.JWTClaimValidationFailed) return 'claims'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'signature'
  if (error instanceof errors.JWKSNoMatchingKey) return 'unknown_key'
  return 'malformed'
}

/** The key set itself could not be had: the token may be good, so this is not a 401. */
const unreachable = (error: unknown): boolean =>
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  // jose has no class of its own for "the key server did not answer 200 with JSON".
  (error as Partial<errors.JOSEError>).code === errors.JOSEError.code ||
  !(error instanceof errors.JOSEError)
