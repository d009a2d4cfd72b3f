import { request } from 'undici'
import type { behaviourChange, CallType } from './behaviour.ts'
import type { Call } from './store.ts'
import type { z } from 'zod'

type Body = Record<string, unknown>

/** The mock gateway as callers and judges see it. */
export function mockAt(url: string, bearer: { readonly authorization: string }) {
  const raw = async (
    method: 'GET' | 'POST' | 'PATCH',
    path: string,
    body?: string,
    ms = 20_000,
  ) => {
    const answer = await request(url + path, {
      method,
      headers: { ...bearer, 'content-type': 'application/json' },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(ms),
    })
    return { status: answer.statusCode, body: (await answer.body.json()) as Body }
  }
  const call = (type: CallType, body: Body, ms?: number) =>
    raw('POST', `/pg/${type}`, JSON.stringify(body), ms)
  const behave = (type: CallType, wish: z.infer<typeof behaviourChange>) =>
    raw('PATCH', `/pg/behaviour/${type}`, JSON.stringify(wish))
  return {
    raw,
    call,
    /** As `call`, again while it is told to come again: more at once than the pool holds. */
    patiently: async (type: CallType, body: Body) => {
      for (;;) {
        const answer = await call(type, body)
        if (answer.status !== 503) return answer
      }
    },
    query: (key: string) => raw('GET', `/pg/operations/${encodeURIComponent(key)}`),
    behave,
    /** Every call is answered at once, and none fails. */
    prompt: async () => {
      const wish = { delayMinMs: 0, delayMaxMs: 0, failureRate: 0, declineRate: 0 }
      for (const type of ['authorize', 'capture', 'refund', 'void', 'query'] as const)
        await behave(type, { ...wish, connection: 'answers' })
    },
    /** The whole log: the judge of what was charged. */
    calls: async (): Promise<readonly Call[]> => {
      const all: Call[] = []
      for (let after: number | null = 0; after !== null;) {
        const { body } = await raw('GET', `/pg/calls?size=1000&after=${after}`)
        all.push(...(body['items'] as Call[]))
        after = body['next'] as number | null
      }
      return all
    },
  }
}

export type Mock = ReturnType<typeof mockAt>
