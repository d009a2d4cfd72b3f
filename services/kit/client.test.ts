import test, { type ExecutionContext } from 'ava'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { client as declaredClient } from '../model/scope.ts'
import { service } from '../model/service.ts'
import { client, ServerFailure, UpstreamError, type ClientOptions } from './client.ts'
import { Problem } from './problem.ts'
import { isRefusal, refusedFor } from './proxy-status.ts'
import { inSpan, SpanKind } from './spans.ts'
import { contextOf } from './testing/context.ts'
import { bareTracing } from './testing/tracing.ts'
import { clientToken } from './token.ts'
import { within } from './within.ts'

const slo = { availability: 99, latency: { p95Ms: 100 } }
const shop = service({ name: 'shop', product: 'platform', summary: 'Sells.', port: 23003, slo })
const buyer = service({
  name: 'buyer',
  product: 'platform',
  summary: 'Buys.',
  port: 23004,
  calls: [shop],
  identity: declaredClient('buyer', { summary: 'Buys.', scopes: [] }),
  slo,
})
const tracing = bareTracing()
const anything = { to: { method: 'GET', path: '/things/:id' }, params: { id: 'a/b ü' } } as const

async function listening(t: ExecutionContext, handler: RequestListener): Promise<string> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function buying(t: ExecutionContext, url: string, options: ClientOptions = {}, clock = Date.now) {
  const env = { SERVICE_SHOP_URL: url, AUTH_TOKEN_URL: `${url}/token`, CLIENT_SECRET: 'p@ss wörd' }
  const context = contextOf(buyer, env, { tracer: tracing.tracer('buyer'), clock })
  t.teardown(() => context.life.stop(0, 1000))
  return { context, http: client(context, shop, options) }
}

/** Asserts a 503 problem with Retry-After and returns it. */
async function away(t: ExecutionContext, work: Promise<unknown>, code: string): Promise<Problem> {
  const error = (await t.throwsAsync(work, { instanceOf: Problem })) as Problem
  t.is(error.status, 503)
  t.is(error.code, code)
  t.regex(error.headers['retry-after'] ?? '', /^\d+$/)
  return error
}

test('a request carries path, query, body and trace, and its answer comes back parsed', async (t) => {
  const url = await listening(t, (incoming, response) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const { method, url: path, headers } = incoming
      response.writeHead(201, { 'content-type': 'application/json; charset=utf-8' })
      response.end(
        JSON.stringify({ method, path, headers, body: Buffer.concat(chunks).toString() }),
      )
    })
  })
  const { http, context } = buying(t, url)
  const start = { kind: SpanKind.SERVER, parent: 'root' } as const
  const { reply, traceId } = await inSpan(context.tracer, 'parent', start, async (span) => ({
    reply: await http.request({
      to: { method: 'PUT', path: '/things/:id' },
      params: { id: 'a/b ü' },
      query: { n: 2, none: undefined, word: 'ü&' },
      body: { price: 3 },
    }),
    traceId: span.spanContext().traceId,
  }))
  t.is(reply.status, 201)
  t.like(reply.body, {
    method: 'PUT',
    path: '/things/a%2Fb%20%C3%BC?n=2&word=%C3%BC%26',
    body: '{"price":3}',
  })
  const span = tracing.spans().findLast((one) => one.name === 'PUT /things/:id')
  t.like(span?.attributes, {
    'http.request.method': 'PUT',
    'http.response.status_code': 201,
    'service.peer.name': 'shop',
    'server.address': '127.0.0.1',
  })
  const { headers } = reply.body as { headers: Record<string, string> }
  t.is(headers['traceparent'], `00-${traceId}-${span?.spanContext().spanId}-01`)
  const metrics = await context.meter.registry.metrics()
  t.regex(
    metrics,
    /graph_request_total\{[^}]*client="buyer"[^}]*server="shop"[^}]*connection_type=""[^}]*\} 1/,
  )
  t.regex(metrics, /graph_request_failed_total\{[^}]*server="shop"[^}]*\} 0/)
})

test('a 4xx is handed on with its body and says nothing against the callee', async (t) => {
  const url = await listening(t, (_, response) => {
    response.writeHead(409, { 'content-type': 'application/problem+json' })
    response.end('{"code":"TAKEN"}')
  })
  const { http } = buying(t, url, { breaker: { minimumCalls: 2 } })
  for (let round = 0; round < 10; round += 1) {
    const error = await t.throwsAsync(http.request(anything), { instanceOf: UpstreamError })
    t.is((error as UpstreamError).status, 409)
    t.deepEqual((error as UpstreamError).body, { code: 'TAKEN' })
  }
  t.is(http.breaker.state, 'closed')
})

test('a callee that answers 5xx is a 503 and opens the breaker, which then asks no more', async (t) => {
  let asked = 0
  const url = await listening(t, (_, response) => {
    asked += 1
    response.writeHead(500).end('no')
  })
  const { http, context } = buying(t, url, { breaker: { minimumCalls: 3 } })
  for (let round = 0; round < 3; round += 1)
    await away(t, http.request(anything), 'UPSTREAM_UNAVAILABLE')
  const refused = await away(t, http.request(anything), 'BREAKER_OPEN')
  t.is(refused.headers['proxy-status'], 'buyer; error=destination_unavailable; next-hop=shop')
  t.is(asked, 3)
  const metrics = await context.meter.registry.metrics()
  t.regex(metrics, /graph_request_failed_total\{[^}]*server="shop"[^}]*\} 3/)
})

test('what a callee said with its 5xx is the cause of the problem', async (t) => {
  const url = await listening(t, (_, response) => {
    response.writeHead(503, { 'content-type': 'application/problem+json' })
    response.end('{"code":"NOTHING_DONE"}')
  })
  const error = await t.throwsAsync(buying(t, url).http.request(anything), { instanceOf: Problem })
  const { cause } = error as Problem
  t.true(cause instanceof ServerFailure)
  t.like(cause, { status: 503, body: { code: 'NOTHING_DONE' } })
})

test('as many requests are under way at once as there are connections', async (t) => {
  const waiting: (() => void)[] = []
  const url = await listening(t, (_, response) => {
    waiting.push(() => response.end('ok'))
    if (waiting.length === 40) for (const answer of waiting) answer()
  })
  const { http } = buying(t, url, { connections: 40, timeLimitMs: 5000 })
  const replies = await Promise.all(Array.from({ length: 40 }, () => http.request(anything)))
  t.is(replies.length, 40)
})

test('a callee that is not there is a 503', async (t) => {
  const { http } = buying(t, 'http://127.0.0.1:1')
  await away(t, http.request(anything), 'UPSTREAM_UNAVAILABLE')
})

test('the time limit is the total over all attempts, and the connection is cut', async (t) => {
  let asked = 0
  const closed = Promise.withResolvers<void>()
  const url = await listening(t, (incoming, response) => {
    asked += 1
    if (asked < 3) return void response.writeHead(503).end()
    incoming.once('close', () => closed.resolve())
  })
  const retries = { attempts: 5, firstBackoffMs: 1, maxBackoffMs: 2 }
  const { http } = buying(t, url, { timeLimitMs: 1000, retries })
  const startedAt = performance.now()
  await away(t, http.request(anything), 'TIMEOUT')
  t.true(performance.now() - startedAt < 1500)
  await within(closed.promise, 10_000, 'the last request did not come, or was not cut')
  t.is(asked, 3)
})

test('a GET is repeated until it succeeds, a POST never', async (t) => {
  let asked = 0
  const url = await listening(t, (_, response) => {
    asked += 1
    response.writeHead(asked % 3 === 0 ? 200 : 502).end()
  })
  const retries = { attempts: 2, firstBackoffMs: 1, maxBackoffMs: 2 }
  const { http } = buying(t, url, { retries })
  t.is((await http.request(anything)).status, 200)
  t.is(asked, 3)
  await away(
    t,
    http.request({ ...anything, to: { method: 'POST', path: '/things/:id' } }),
    'UPSTREAM_UNAVAILABLE',
  )
  t.is(asked, 4)
})

test('an answer over the size cap is not read', async (t) => {
  const url = await listening(t, (_, response) => {
    response.on('error', () => undefined)
    const more = (): void => void response.write('x'.repeat(65_536), (error) => error ?? more())
    more()
  })
  const { http } = buying(t, url, { maxReplyBytes: 100_000, timeLimitMs: 5000 })
  await away(t, http.request(anything), 'UPSTREAM_UNAVAILABLE')
})

test('a caller that goes away cuts the request and counts against nobody', async (t) => {
  const arrived = Promise.withResolvers<void>()
  const url = await listening(t, () => arrived.resolve())
  const { http } = buying(t, url, { breaker: { minimumCalls: 1 } })
  const caller = new AbortController()
  const waiting = http.request({ ...anything, signal: caller.signal })
  await arrived.promise
  caller.abort()
  await t.throwsAsync(waiting)
  t.is(http.breaker.state, 'closed')
})

test('tokens are asked for once, kept for 80 % of their life, and asked for again after a 401', async (t) => {
  const asked: (string | undefined)[] = []
  const seen: (string | undefined)[] = []
  const url = await listening(t, (incoming, response) => {
    response.setHeader('content-type', 'application/json')
    if (incoming.url === '/token') {
      asked.push(incoming.headers.authorization)
      response.end(JSON.stringify({ access_token: `token-${asked.length}`, expires_in: 100 }))
      return
    }
    seen.push(incoming.headers.authorization)
    response.writeHead(incoming.url === '/closed' ? 401 : 200).end('{}')
  })
  const time = { now: Date.now() }
  const token = clientToken(buying(t, url, {}, () => time.now).context)
  const { http } = buying(t, url, { token })
  await Promise.all(Array.from({ length: 20 }, () => http.request(anything)))
  t.is(asked.length, 1)
  t.is(asked[0], `Basic ${Buffer.from('buyer:p%40ss%20w%C3%B6rd').toString('base64')}`)
  t.deepEqual([...new Set(seen)], ['Bearer token-1'])
  time.now += 79_000
  t.is(await token(), 'token-1')
  time.now += 2_000
  t.is(await token(), 'token-2')
  await t.throwsAsync(http.request({ to: { method: 'GET', path: '/closed' } }), {
    instanceOf: UpstreamError,
  })
  t.is(await token(), 'token-3')
})

test('an issuer that refuses is a 503, does not open the breaker, and is asked again next time', async (t) => {
  let asked = 0
  const url = await listening(t, (_, response) => {
    asked += 1
    response.writeHead(asked < 3 ? 401 : 200, { 'content-type': 'application/json' })
    response.end('{"access_token":"t","expires_in":60}')
  })
  const { context } = buying(t, url)
  const { http } = buying(t, url, { token: clientToken(context), breaker: { minimumCalls: 1 } })
  await away(t, http.request(anything), 'TOKEN_UNAVAILABLE')
  await away(t, http.request(anything), 'TOKEN_UNAVAILABLE')
  t.is((await http.request(anything)).status, 200)
})

test('a refusal for somebody further on opens no breaker on the way, and is handed on as one', async (t) => {
  let asked = 0
  const url = await listening(t, (incoming, response) => {
    asked += 1
    const headers = { 'retry-after': '7', ...refusedFor('shop', 'stock') }
    response.writeHead(503, incoming.url === '/plain' ? { 'retry-after': '7' } : headers).end()
  })
  const retries = { attempts: 3, firstBackoffMs: 1, maxBackoffMs: 1 }
  const { http } = buying(t, url, { retries, breaker: { window: 4, minimumCalls: 4 } })
  for (let n = 0; n < 8; n += 1) {
    const refused = await away(t, http.request(anything), 'UPSTREAM_UNAVAILABLE')
    t.is(refused.headers['retry-after'], '7')
    t.true(isRefusal(503, refused.headers))
  }
  t.is(asked, 8, 'asking again would be in vain')
  t.is(http.breaker.state, 'closed')
  const plain = { to: { method: 'GET', path: '/plain' } } as const
  for (let n = 0; n < 2; n += 1) {
    const failed = await away(t, http.request(plain), 'UPSTREAM_UNAVAILABLE')
    t.false(isRefusal(503, failed.headers))
  }
  t.is(http.breaker.state, 'open', 'a 503 of its own counts')
})

test('leave that no token could be had for is given back', async (t) => {
  const url = await listening(t, (incoming, response) => {
    response.writeHead(incoming.url === '/token' ? 401 : 500).end()
  })
  const time = { now: Date.now() }
  const policy = { minimumCalls: 1, openMs: 1000, halfOpenTrials: 1 }
  const token = clientToken(buying(t, url).context)
  const { http } = buying(t, url, { token, breaker: policy }, () => time.now)
  const signed = { ...anything, headers: { authorization: 'Bearer given' } }
  await away(t, http.request(signed), 'UPSTREAM_UNAVAILABLE')
  time.now += policy.openMs
  await away(t, http.admit().request(anything), 'TOKEN_UNAVAILABLE')
  t.notThrows(() => http.admit().release())
})

test('leave can be had before a request is prepared: it is used once, or given back', async (t) => {
  let asked = 0
  const url = await listening(t, (_, response) => {
    asked += 1
    response.writeHead(500).end()
  })
  const policy = { name: 'shop-orders', window: 2, minimumCalls: 2, openMs: 60_000 }
  const { context, http } = buying(t, url, { breaker: policy })
  for (let n = 0; n < 5; n += 1) http.admit().release()
  await away(t, http.admit().request(anything), 'UPSTREAM_UNAVAILABLE')
  t.is(http.breaker.state, 'closed', 'what was given back counts for nothing')
  await away(t, http.admit().request(anything), 'UPSTREAM_UNAVAILABLE')
  t.is(http.breaker.state, 'open')
  const refused = t.throws(() => http.admit(), { instanceOf: Problem })
  t.is(refused?.code, 'BREAKER_OPEN')
  t.is(asked, 2)
  t.regex(await context.meter.registry.metrics(), /circuit_breaker_state\{name="shop-orders"/)
})
