import test, { type ExecutionContext } from 'ava'
import { request } from 'undici'
import { counter } from '../model/metric.ts'
import { service } from '../model/service.ts'
import { serveAdmin } from './health.ts'
import { contextOf } from './testing/context.ts'

const shop = service({
  name: 'shop',
  product: 'platform',
  summary: 'Sells.',
  port: 23010,
  metrics: { sales: counter('sales_total', { help: 'Sales' }) },
  slo: { availability: 99, latency: { p95Ms: 100 } },
})

async function administered(t: ExecutionContext) {
  const context = contextOf(shop)
  const { url, close } = await serveAdmin(context)
  t.teardown(close)
  const page = async (path: string, method: 'GET' | 'POST' = 'GET') => {
    const { statusCode, headers, body } = await request(url + path, { method })
    return { status: statusCode, type: String(headers['content-type']), text: await body.text() }
  }
  return { context, page }
}

test('liveness looks at the process only, readiness at the state and at every dependency', async (t) => {
  const { context, page } = await administered(t)
  const reasons = { store: '' }
  context.life.check('store', () => {
    if (reasons.store) throw new Error(reasons.store)
  })
  t.is((await page('/startupz')).status, 503)
  t.is((await page('/readyz')).status, 503)
  context.life.started()
  t.is((await page('/startupz')).status, 200)
  t.is((await page('/readyz')).status, 200)

  reasons.store = 'connection refused'
  const unready = await page('/readyz')
  t.is(unready.status, 503)
  t.deepEqual(JSON.parse(unready.text), {
    ready: false,
    state: 'ready',
    checks: { store: 'connection refused' },
  })
  t.is((await page('/livez')).status, 200)

  reasons.store = ''
  const stopping = context.life.stop(200, 1000)
  t.is((await page('/readyz')).status, 503)
  t.is((await page('/livez')).status, 200)
  await stopping
})

test('a dependency that is not vital is shown with its reason and does not decide', async (t) => {
  const { context, page } = await administered(t)
  context.life.check('limits', () => Promise.reject(new Error('away')), false)
  context.life.started()
  const { status, text } = await page('/readyz')
  t.is(status, 200)
  t.deepEqual(JSON.parse(text), { ready: true, state: 'ready', checks: { limits: 'away' } })
})

test('metrics are OpenMetrics, the version names the service, other pages are 404', async (t) => {
  const { page } = await administered(t)
  const metrics = await page('/metrics?name=x')
  t.regex(metrics.type, /^application\/openmetrics-text/)
  t.regex(metrics.text, /^sales_total 0\n[^]*# EOF\n$/m)
  t.like(JSON.parse((await page('/version')).text), {
    service: 'shop',
    instance: 'shop-1',
    node: process.version,
  })
  t.is((await page('/debug')).status, 404)
  t.is((await page('/livez', 'POST')).status, 404)
  t.is((await page('/constructor')).status, 404)
})
