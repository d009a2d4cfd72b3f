import { z } from 'zod'
import { route } from '../../model/route.ts'

const limit = z.object({ perSecond: z.number(), burst: z.number() })

export const api = {
  fallback: route('GET /__fallback/:service', {
    summary: 'What a client is told while a service does not answer.',
    access: 'public',
    params: z.object({ service: z.string() }),
    problems: [404],
    answers: { 503: { summary: 'Service Unavailable' } },
  }),
  routesInfo: route('GET /routes-info', {
    summary: 'What the gateway routes, by the topology that it runs on.',
    access: 'public',
    answers: {
      200: {
        summary: 'Routes and limits',
        schema: z.object({
          gateway: z.string(),
          routes: z.array(
            z.object({
              id: z.string(),
              paths: z.array(z.string()),
              timeLimitMs: z.number(),
              retries: z.number(),
              operations: z.array(
                z.object({ method: z.string(), path: z.string(), access: z.string() }),
              ),
            }),
          ),
          rateLimit: z.record(z.string(), limit),
          features: z.array(z.string()),
        }),
      },
    },
  }),
}
