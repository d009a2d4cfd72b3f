import { request } from 'undici'
import { z } from 'zod'
import type { Context } from './context.ts'
import { unavailable } from './problem.ts'

/** Gives an access token of this service's own. */
export interface TokenSource {
  /** @throws Problem 503 `TOKEN_UNAVAILABLE` while the issuer does not give one */
  (): Promise<string>
  /** Forgets the token, e.g. after it was refused; the next call asks for a new one. */
  drop(): void
}

const grant = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() })
const withinMs = 2000
/** A token is renewed after this share of its life. */
const usedShare = 0.8

/**
 * Access tokens by the client-credentials grant, for services with an `identity`. Cached until 80 % of their life;
 * callers at the same time share one request.
 */
export function clientToken({ config, clock }: Context): TokenSource {
  const url = config.text('AUTH_TOKEN_URL')
  const credentials = [config.text('CLIENT_ID'), config.text('CLIENT_SECRET')]
    .map(encodeURIComponent)
    .join(':')
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
  let current: { token: string; until: number } | undefined
  let asking: Promise<string> | undefined

  const ask = async (): Promise<string> => {
    const askedAt = clock()
    const { access_token: token, expires_in: seconds } = await fetchGrant(url, authorization)
    current = { token, until: askedAt + seconds * 1000 * usedShare }
    return token
  }
  const source = async (): Promise<string> => {
    if (current && clock() < current.until) return current.token
    asking ??= ask().finally(() => (asking = undefined))
    return asking
  }
  return Object.assign(source, { drop: () => void (current = undefined) })
}

async function fetchGrant(url: string, authorization: string): Promise<z.output<typeof grant>> {
  try {
    const { statusCode, body } = await request(url, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
      signal: AbortSignal.timeout(withinMs),
    })
    const text = await body.text()
    if (statusCode !== 200)
      throw new Error(`the issuer answered ${statusCode}: ${text.slice(0, 200)}`)
    return grant.parse(JSON.parse(text))
  } catch (error) {
    throw unavailable(
      'TOKEN_UNAVAILABLE',
      'This service gets no access token at the moment.',
      1,
      error,
    )
  }
}
