import type { Plan } from './plan.ts'

/** The inert part: what the service says about itself. */
export const declarationFiles = (plan: Plan): Readonly<Record<string, string>> => ({
  'service.ts': serviceFile(plan),
  'api.ts': apiFile(plan),
  ...(plan.topic && { 'metrics.ts': metricsFile(plan) }),
})

function serviceFile({ product, name, port, store, topic }: Plan): string {
  const imports = [
    `import { edge } from '../../model/edge.ts'`,
    `import { service } from '../../model/service.ts'`,
    ...(topic ? [`import { consume } from '../../model/topic.ts'`] : []),
    ...(store ? [`import { ${store.constant} } from '../stores.ts'`] : []),
    ...(topic ? [`import { ${topic.constant} } from '${topic.module}'`] : []),
    `import { api } from './api.ts'`,
    ...(topic ? [`import * as metrics from './metrics.ts'`] : []),
  ]
  return `${imports.join('\n')}

export default service({
  name: '${name}',
  product: '${product}',
  summary: 'Greets visitors: say here what ${name} does.',
  port: ${port},
  ${store ? `stores: [${store.constant}],` : ''}
  ${topic ? `consumes: [consume(${topic.constant}, '${name}-service')],` : ''}
  api,
  edge: edge({
    prefixes: ['/${name}'],
    limit: { perSecond: 100, burst: 200 },
    timeLimitMs: 1000,
  }),
  ${topic ? 'metrics,' : ''}
  slo: { availability: 99.9, latency: { p95Ms: 100 } },
})
`
}

const apiFile = ({ name, store }: Plan): string => `import { z } from 'zod'
import { route } from '../../model/route.ts'

const visitor = z.string().min(1).max(50)
const greeted = z.object({ greeting: z.string() })

export const api = {
  greet: route('${store ? 'POST' : 'GET'} /${name}/:visitor', {
    summary: 'Greets a visitor${store ? ' and counts the visit' : ''}.',
    access: 'public',
    params: z.object({ visitor }),
    answers: { 200: { summary: 'The greeting', schema: greeted } },
  }),
}
`

const metricsFile = ({ name }: Plan): string => `import { counter } from '../../model/metric.ts'

export const recordsSeen = counter('${name.replaceAll('-', '_')}_records_seen_total', {
  help: 'Records that were read',
})
`
