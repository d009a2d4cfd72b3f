import { z } from 'zod'

const answerWithinMs = 15_000

/** A series of an answer: its labels and its value, which may be NaN. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** An alert that is pending or firing. */
export interface ActiveAlert {
  readonly state: 'pending' | 'firing'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** Since when its condition holds, RFC 3339. */
  readonly activeAt: string
}

const texts = z.record(z.string(), z.string())

/** https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries */
const instantSchema = z.object({
  data: z.object({
    resultType: z.literal('vector'),
    result: z.array(z.object({ metric: texts, value: z.tuple([z.number(), z.string()]) })),
  }),
})

/** https://prometheus.io/docs/prometheus/latest/querying/api/#alerts */
const alertsSchema = z.object({
  data: z.object({
    alerts: z.array(
      z.object({
        state: z.enum(['pending', 'firing']),
        labels: texts,
        annotations: texts,
        activeAt: z.string(),
      }),
    ),
  }),
})

/**
 * The present value of a query.
 * @param prometheus its address, e.g. `http://127.0.0.1:9090`
 * @throws Error with code ENVIRONMENT when Prometheus does not answer
 */
export async function instant(prometheus: string, query: string): Promise<readonly Sample[]> {
  const path = `/api/v1/query?query=${encodeURIComponent(query)}`
  const { data } = await ask(prometheus, path, instantSchema)
  return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }))
}

/** What is pending or fires. @throws Error with code ENVIRONMENT when Prometheus does not answer */
export async function activeAlerts(prometheus: string): Promise<readonly ActiveAlert[]> {
  return (await ask(prometheus, '/api/v1/alerts', alertsSchema)).data.alerts
}

async function ask<Answer>(
  prometheus: string,
  path: string,
  schema: z.ZodType<Answer>,
): Promise<Answer> {
  const url = prometheus.replace(/\/+$/, '') + path
  const answer = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) }).catch(
    (error: Error & { cause?: { code?: string } }) => {
      throw silent(prometheus, `does not answer (${error.cause?.code ?? error.message})`)
    },
  )
  const text = await answer.text()
  if (!answer.ok) throw silent(prometheus, `answers ${answer.status}: ${text.slice(0, 200)}`)
  const parsed = schema.safeParse(jsonOf(text))
  if (!parsed.success) throw silent(prometheus, 'does not speak the API of Prometheus')
  return parsed.data
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
