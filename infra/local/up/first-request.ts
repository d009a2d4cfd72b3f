import { z } from 'zod'
import { issuerOf } from '../../../services/model/topology.ts'
import { frontDoorOf, urlOf, type Here } from '../addresses.ts'
import { localCredentials } from '../credentials.ts'
import { openGateway } from '../front-door.ts'
import { instanceName } from '../needs.ts'
import { poll } from '../poll.ts'

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
  running: Pick<ReadonlySet<string>, 'has'>,
): Promise<FirstAnswer | undefined> {
  const { topology, installation } = here
  const front = instanceName(frontDoorOf(topology), 1)
  const needed = [front, `${issuerOf(topology).name}-1`, `${question.service}-1`]
  if (!needed.every((name) => running.has(name))) return undefined
  const base = urlOf(front, installation)
  let problem = ''
  const attempt = () =>
    ask(base, here).catch((error: Error) => {
      problem = error.message
      return undefined
    })
  const answer = await poll(attempt, { withinMs: answerWithinMs, everyMs: 100 })
  if (answer) return answer
  throw new Error(
    `No request went through the gateway within ${answerWithinMs / 1000} s: ${problem}`,
  )
}

async function ask(base: string, { topology, where }: Here): Promise<FirstAnswer> {
  const clients = await localCredentials(topology, where.secrets)
  const client = clients.find(({ scopes }) => scopes.includes(question.scope))
  if (!client) throw new Error(`No client has the scope ${question.scope}.`)
  const gateway = await openGateway(base, { ...client, scopes: [question.scope] }, 0)
  const { traceId } = await gateway.send(`GET ${question.path}`, { schema: z.unknown() })
  return { url: base + question.path, traceId: traceId === '' ? undefined : traceId }
}
