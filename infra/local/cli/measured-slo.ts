import { z } from 'zod'
import { errorShare, latency, requestRate } from '../../../dashboards/queries.ts'
import type { Service } from '../../../services/model/service.ts'
import type { MeasuredSlo } from '../../gitops/evidence.ts'

const window = '1d'
const windowSeconds = 86_400
const answerWithinMs = 15_000

/**
 * Availability and p95 of a service over the last day, by the queries of its dashboard.
 * @param prometheus its address, e.g. `http://127.0.0.1:9090`
 * @returns undefined when there were no requests: nothing was measured then
 * @throws Error with code ENVIRONMENT when Prometheus does not answer
 */
export async function measureSlo(
  prometheus: string,
  service: Service,
): Promise<MeasuredSlo | undefined> {
  const ask = (query: string): Promise<number | undefined> => valueOf(prometheus, query)
  const rate = (await ask(requestRate(service, window))) ?? 0
  if (!(rate > 0)) return undefined
  const failed = (await ask(errorShare(service, window))) ?? 0
  const p95 = await ask(latency(service, 0.95, window))
  return {
    requests: Math.round(rate * windowSeconds),
    availabilityPercent: 100 * (1 - failed),
    p95Ms: p95 !== undefined && Number.isFinite(p95) ? p95 * 1000 : undefined,
  }
}

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
const answerSchema = z.object({
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })),
  }),
})

async function valueOf(prometheus: string, query: string): Promise<number | undefined> {
  const url = `${prometheus.replace(/\/+$/, '')}/api/v1/query?query=${encodeURIComponent(query)}`
  const answer = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) }).catch(
    (error: Error & { cause?: { code?: string } }) => {
      throw silent(prometheus, `does not answer (${error.cause?.code ?? error.message})`)
    },
  )
  const text = await answer.text()
  if (!answer.ok) throw silent(prometheus, `answers ${answer.status}: ${text.slice(0, 200)}`)
  const parsed = answerSchema.safeParse(jsonOf(text))
  if (!parsed.success) throw silent(prometheus, 'does not speak the API of Prometheus')
  const value = parsed.data.data.result[0]?.value[1]
  return value === undefined ? undefined : Number(value)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const silent = (prometheus: string, what: string): Error =>
  Object.assign(new Error(`Prometheus at ${prometheus} ${what}; nothing was changed.`), {
    code: 'ENVIRONMENT',
  })
