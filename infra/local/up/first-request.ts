import { setTimeout as delay } from 'node:timers/promises'
import { issuerOf } from '../../../services/model/topology.ts'
import { frontDoorOf, urlOf, type Here } from '../addresses.ts'
import { credentialsOf } from '../credentials.ts'
import { instanceName } from '../needs.ts'

/** A read that touches the gateway, the token keys, a service and its store, and that changes nothing. */
const question = { service: 'rank', path: '/rank/top?window=60s', scope: 'read:rank' }
const answerWithinMs = 20_000

/** What the first request through the front door showed. */
export interface FirstAnswer {
  readonly url: string
  readonly traceId: string | undefined
}

/**
 * Sends one real request through the gateway. Undefined where the services that it needs do not all run.
 * @throws Error with the answer when it is not 200 within 20 s
 */
export async function firstRequest(
  here: Here,
  running: ReadonlySet<string>,
): Promise<FirstAnswer | undefined> {
  const { topology, installation } = here
  const front = instanceName(frontDoorOf(topology), 1)
  const needed = [front, `${issuerOf(topology).name}-1`, `${question.service}-1`]
  if (!needed.every((name) => running.has(name))) return undefined
  const base = urlOf(front, installation)
  let problem = ''
  for (const until = Date.now() + answerWithinMs; Date.now() < until; await delay(100)) {
    try {
      return await ask(base, here)
    } catch (error) {
      problem = (error as Error).message
    }
  }
  throw new Error(
    `No request went through the gateway within ${answerWithinMs / 1000} s: ${problem}`,
  )
}

async function ask(base: string, here: Here): Promise<FirstAnswer> {
  const url = base + question.path
  const authorization = `Bearer ${await token(base, here)}`
  const response = await fetch(url, {
    headers: { authorization },
    signal: AbortSignal.timeout(5000),
  })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`GET ${url} answered ${response.status}: ${text}`)
  return { url, traceId: response.headers.get('x-trace-id') ?? undefined }
}

async function token(base: string, { topology, where }: Here): Promise<string> {
  const clients = await credentialsOf(topology, where.secrets)
  const client = clients.find(({ scopes }) => scopes.includes(question.scope))
  const response = await fetch(`${base}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client?.id ?? '',
      client_secret: client?.secret ?? '',
      scope: question.scope,
    }),
    signal: AbortSignal.timeout(5000),
  })
  const text = await response.text()
  if (response.status !== 200)
    throw new Error(`POST ${base}/token answered ${response.status}: ${text}`)
  return (JSON.parse(text) as { access_token: string }).access_token
}
