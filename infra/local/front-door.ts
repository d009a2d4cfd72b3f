import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'

/** The front door with a token, as a client has it. */
export interface Gateway {
  readonly url: string
  /**
   * Sends a request; waits and repeats where the answer says when (429; for reads also 503, and for writes that may
   * happen twice).
   * @throws Error with the answer for every other status that is not 2xx, and when it has waited long enough
   */
  send<Schema extends z.ZodType>(
    line: string,
    wishes: { readonly body?: unknown; readonly schema: Schema; readonly repeatable?: boolean },
  ): Promise<Answer<z.output<Schema>>>
}

export interface Answer<Body> {
  readonly body: Body
  readonly headers: Headers
  readonly traceId: string
}

/** A client of the auth service, as `./maru env --json` prints it. */
export interface ClientSecret {
  readonly id: string
  readonly secret: string
  readonly scopes: readonly string[]
}

const answerWithinMs = 10_000

/**
 * Asks for a token with all the client's scopes, by client credentials.
 * @param patienceMs how long to come again when told to; 0 asks once
 * @throws Error with the answer
 */
export async function openGateway(
  url: string,
  client: ClientSecret,
  patienceMs = 60_000,
): Promise<Gateway> {
  const init = { method: 'POST', body: credentialsOf(client) }
  const answer = await patiently(`${url}/token`, init, { patienceMs, repeatable: true })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  const authorization = `Bearer ${token}`
  return {
    url,
    send: async (line, { body, schema, repeatable = false }) => {
      const [method = 'GET', path = ''] = line.split(' ')
      const json = body === undefined ? {} : { body: JSON.stringify(body) }
      const headers = {
        authorization,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      }
      const { headers: told, ...response } = await read(
        await patiently(url + path, { method, headers, ...json }, { patienceMs, repeatable }),
      )
      return {
        body: schema.parse(response.body),
        headers: told,
        traceId: told.get('x-trace-id') ?? '',
      }
    },
  }
}

/** The body of a request for a token with all the client's scopes (RFC 6749, 4.4). */
export const credentialsOf = ({ id, secret, scopes }: ClientSecret): URLSearchParams =>
  new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: id,
    client_secret: secret,
    scope: scopes.join(' '),
  })

async function read(response: Response): Promise<{ body: unknown; headers: Headers }> {
  const text = await response.text()
  return { body: text === '' ? undefined : JSON.parse(text), headers: response.headers }
}

/** Limits are part of the platform: a client that is told when to come again comes then. */
async function patiently(
  url: string,
  init: RequestInit,
  { patienceMs, repeatable }: { readonly patienceMs: number; readonly repeatable: boolean },
): Promise<Response> {
  const mayRepeat = repeatable || init.method === 'GET'
  const until = performance.now() + patienceMs
  for (;;) {
    const response = await answered(url, init)
    if (response.ok) return response
    const text = await response.text()
    if (!mayComeAgain(response, mayRepeat) || performance.now() > until)
      throw new Error(`${init.method} ${url} answered ${response.status}: ${text}`)
    await delay(Math.max(100, Number(response.headers.get('retry-after') ?? 1) * 1000))
  }
}

/** A 429 did nothing; after a 503 nobody knows. */
const mayComeAgain = ({ status, headers }: Response, mayRepeat: boolean): boolean =>
  headers.has('retry-after') && (status === 429 || (status === 503 && mayRepeat))

const answered = (url: string, init: RequestInit): Promise<Response> =>
  fetch(url, { ...init, signal: AbortSignal.timeout(answerWithinMs) }).catch(
    (error: Error & { cause?: { code?: string } }) => {
      const reason = error.cause?.code ?? error.message
      throw new Error(`${init.method} ${url} was not answered (${reason}). What runs: ./maru ps`)
    },
  )
