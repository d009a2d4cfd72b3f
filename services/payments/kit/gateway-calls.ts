import { z } from 'zod'
import { BreakerOpenError } from '../../kit/breaker.ts'
import { client, ServerFailure, UpstreamError } from '../../kit/client.ts'
import type { Context } from '../../kit/context.ts'
import { Problem } from '../../kit/problem.ts'
import { clientToken } from '../../kit/token.ts'
import pgMock from '../pg-mock/service.ts'
import type { Request, Trade } from './requests.ts'
import { callsAtOnce, type WorkerService } from './settings.ts'
import type { Said } from './store.ts'

/**
 * What the gateway was heard to say. `declined` and `refused` are final: it decided against it, or does not take the
 * request as it is. `failed`: it says that it has done nothing. `unknown`: nothing was heard, so it may have done it.
 * `unasked`: it was not asked.
 */
export type Verdict = Said &
  (
    | { readonly kind: 'approved'; readonly transactionId: string | null }
    | { readonly kind: 'declined' | 'refused' | 'failed' | 'unknown' | 'unasked' }
  )

/** Leave to ask the gateway once; used or given back. Asking never rejects. */
export interface Leave {
  ask(request: Request): Promise<Verdict>
  release(): void
}

/** The payment gateway behind its breaker. */
export interface GatewayCalls {
  /** At most `count` leaves; none while it is left alone. */
  leaves(count: number): readonly Leave[]
}

/** Contract: §8.2 and the decisions. */
const policy = {
  window: 100,
  minimumCalls: 10,
  failureRate: 0.5,
  slowRate: 0.5,
  slowMs: 5000,
  halfOpenTrials: 5,
}

const decision = z.object({
  result: z.enum(['approved', 'declined', 'voided']),
  code: z.string(),
  transactionId: z.string().nullable(),
})

export function gatewayCalls(context: Context<WorkerService>, trade: Trade): GatewayCalls {
  const { gatewayTimeoutMs, breakerOpenMs } = context.config.settings
  const http = client(context, pgMock, {
    timeLimitMs: gatewayTimeoutMs,
    token: clientToken(context),
    breaker: { ...policy, name: trade.breaker, openMs: breakerOpenMs },
    connections: callsAtOnce,
  })
  const leave = (): Leave => {
    const { request: send, release } = http.admit()
    const ask = async (request: Request): Promise<Verdict> => {
      try {
        return decided((await send(trade.callOf(request))).body)
      } catch (error) {
        return verdictOn(error)
      } finally {
        // Without a token the gateway was not asked; otherwise this changes nothing.
        release()
      }
    }
    return { ask, release }
  }
  return { leaves: (count) => asMany(count, leave) }
}

function asMany(count: number, leave: () => Leave): readonly Leave[] {
  const given: Leave[] = []
  try {
    while (given.length < count) given.push(leave())
  } catch (error) {
    if (!(error instanceof BreakerOpenError)) throw error
  }
  return given
}

function decided(body: unknown): Verdict {
  const { success, data } = decision.safeParse(body)
  if (!success) return { kind: 'unknown', code: 'NOT_UNDERSTOOD', message: 'It told no decision.' }
  const { result, code, transactionId } = data
  if (result === 'approved') return { kind: 'approved', code, message: 'Approved', transactionId }
  return { kind: 'declined', code, message: `The gateway says ${result}.` }
}

/** Problems of the gateway that say that nothing was done: its contract. */
const withoutEffect: ReadonlySet<string> = new Set(['PG_INTERRUPTED'])
/** Problems that are met before the gateway does anything; what is refused for its crowd was not even read. */
const notReached: ReadonlySet<string> = new Set(['BREAKER_OPEN', 'TOKEN_UNAVAILABLE', 'OVERLOADED'])
/** Answers about the request itself. Others of their kind say that this service may not ask, or asks at a wrong place. */
const aboutTheRequest: ReadonlySet<number> = new Set([400, 409, 422])

/** What an error says about a request. What is not known to be without effect is unknown. */
export function verdictOn(error: unknown): Verdict {
  const { message, cause } = error as Error
  if (error instanceof UpstreamError) {
    const said = { code: `HTTP_${error.status}`, message, ...problemIn(error.body) }
    return { kind: aboutTheRequest.has(error.status) ? 'refused' : 'unasked', ...said }
  }
  if (error instanceof Problem && notReached.has(error.code))
    return { kind: 'unasked', code: error.code, message }
  const problem = cause instanceof ServerFailure ? problemIn(cause.body) : undefined
  if (problem) return { kind: kindOf(problem), ...problem }
  return { kind: 'unknown', code: error instanceof Problem ? error.code : 'UNKNOWN', message }
}

function kindOf({ code }: Said): 'unasked' | 'failed' | 'unknown' {
  if (notReached.has(code)) return 'unasked'
  return withoutEffect.has(code) ? 'failed' : 'unknown'
}

const problemBody = z.object({ code: z.string(), detail: z.string() })

/** Code and detail of a problem’s body (RFC 9457); undefined where it is none. */
function problemIn(body: unknown): Said | undefined {
  const { data } = problemBody.safeParse(body)
  return data && { code: data.code, message: data.detail }
}
