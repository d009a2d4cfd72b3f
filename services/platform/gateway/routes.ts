import type { Handlers } from '../../kit/http.ts'
import { Problem } from '../../kit/problem.ts'
import { publicPrefixes } from '../../model/edge.ts'
import type { Service } from '../../model/service.ts'
import type { api } from './api.ts'
import { fallback } from './fallback.ts'

const features = [
  'verified tokens and scopes per route',
  'rate limits shared by all instances',
  'circuit breaker per service',
  'retries of GET within the time limit',
  'one trace over all services',
]

/** The gateway's own routes. */
export function handlers(fronted: readonly Service[]): Handlers<typeof api> {
  return {
    fallback: ({ params: { service } }) => {
      if (fronted.some((one) => one.name === service))
        throw fallback(service, 'upstream_unavailable')
      throw new Problem(404, 'NOT_FOUND', `There is no service "${service}".`)
    },
    routesInfo: () => ({ status: 200, body: routesInfo(fronted) }),
  }
}

const routesInfo = (fronted: readonly Service[]) => ({
  gateway: 'msa-webtoon',
  routes: fronted.map(({ name, edge, api }) => ({
    id: name,
    paths: edge ? publicPrefixes(edge).map((prefix) => `${prefix}/**`) : [],
    timeLimitMs: edge?.timeLimitMs ?? 0,
    retries: edge?.retries.attempts ?? 0,
    operations: Object.values(api).map(({ method, path, access }) => ({
      method,
      path,
      access: access === 'public' ? 'public' : access.name,
    })),
  })),
  rateLimit: Object.fromEntries(
    fronted.map(({ name, edge }) => [
      name,
      { perSecond: edge?.limit.perSecond ?? 0, burst: edge?.limit.burst ?? 0 },
    ]),
  ),
  features,
})
