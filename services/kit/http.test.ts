import test, { type ExecutionContext } from 'ava'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { request } from 'undici'
import { z } from 'zod'
import { route } from '../model/route.ts'
import { scope } from '../model/scope.ts'
import { service } from '../model/service.ts'
import type { Verifier } from './auth.ts'
import { createApp, listenApp, serve } from './http.ts'
import { Problem, unavailable } from './problem.ts'
import { invalidText, surfaced } from './sql/problems.ts'
import { contextOf } from './testing/context.ts'
import { placed } from './testing/shop.ts'
import { bareTracing } from './testing/tracing.ts'

const read = scope('read:things', 'Reads things.')
const thing = z.object({ name: z.string().max(10), price: z.number().int() })
const answers = { 200: { summary: 'Done' } }
const api = {
  get: route('GET /things/:id', {
    summary: 'One thing',
    access: read,
    params: z.object({ id: z.string().regex(/^\d+$/) }),
    query: z.object({ n: z.coerce.number().int().max(5).default(1) }),
    answers,
  }),
  add: route('POST /things', {
    summary: 'Add',
    access: 'public',
    body: thing,
    maxBodyBytes: 1000,
    answers,
  }),
  login: route('POST /login', {
    summary: 'Form',
    access: 'public',
    encoding: 'form',
    body: z.object({ user: z.string() }),
    answers,
  }),
  keep: route('POST /keep', {
    summary: 'Keeps anything',
    access: 'public',
    body: z.unknown(),
    answers,
  }),
  fail: route('GET /fail', {
    summary: 'Fails',
    access: 'public',
    query: z.object({ how: z.string() }),
    answers,
  }),
}
const things = service({
  name: 'things',
  product: 'platform',
  summary: 'Keeps things.',
  port: 23006,
  api,
  slo: { availability: 99, latency: { p95Ms: 70 } },
})

/** The verifier has tests of its own; here it is told who calls. */
const verifier: Verifier = {
  verify: async (authorization) => {
    if (!authorization) throw new Problem(401, 'UNAUTHORIZED', 'A valid access token is needed.')
    const scopes = new Set([authorization.replace('Bearer ', '')])
    return { subject: 'u-1', clientId: 'c', scopes, merchant: undefined, expiresAt: 0 }
  },
}

const failures: Record<string, () => never> = {
  bug: () => {
    throw new Error('secret detail of the database')
  },
  away: () => {
    throw unavailable('STORE_UNAVAILABLE', 'Come back.', 7)
  },
}

const tracing = bareTracing()

async function serving(t: ExecutionContext) {
  const context = contextOf(things, {}, { tracer: tracing.tracer('things') })
  const { url, port } = await serve(
    context,
    api,
    {
      get: ({ params, query, claims }) => ({
        status: 200,
        body: { ...params, ...query, by: claims?.subject },
      }),
      add: ({ body }) => ({ status: 200, body }),
      login: ({ body }) => ({ status: 200, body }),
      keep: () => {
        throw surfaced('things', invalidText(), new Error('22021'))
      },
      fail: ({ query }) => failures[query.how]?.() ?? { status: 204 },
    },
    verifier,
  )
  t.teardown(() => context.life.stop(0, 2000))
  return { context, url, port }
}

type Sent = Parameters<typeof request>[1]

async function ask(url: string, sent: Sent = {}) {
  const { statusCode, headers, body } = await request(url, sent)
  const text = await body.text()
  return {
    status: statusCode,
    headers,
    text,
    body: (text && JSON.parse(text)) as Record<string, unknown>,
  }
}

const json = { 'content-type': 'application/json' }
const bearer = { authorization: 'Bearer read:things' }

test('a route parses what it is sent and hides what it is not', async (t) => {
  const { url } = await serving(t)
  const found = await ask(`${url}/things/7?n=3&other=1`, { headers: bearer })
  t.is(found.status, 200)
  t.deepEqual(found.body, { id: '7', n: 3, by: 'u-1' })
  const wrong = await ask(`${url}/things/x?n=9`, { headers: bearer })
  t.is(wrong.status, 400)
  t.like(wrong.body, {
    code: 'VALIDATION_ERROR',
    errors: [{ field: 'params.id', rejectedValue: 'x' }],
  })
  const added = await ask(`${url}/things`, {
    method: 'POST',
    headers: json,
    body: '{"name":"far too long a name","price":1.5}',
  })
  t.is(added.status, 400)
  const { errors } = added.body as { errors: { field: string }[] }
  t.deepEqual(
    errors.map(({ field }) => field),
    ['body.name', 'body.price'],
  )
})

test('where a store refuses a text, the request’s field is named', async (t) => {
  const { url } = await serving(t)
  const named = async (body: unknown) => {
    const sent = { method: 'POST', headers: json, body: JSON.stringify(body) } as const
    const answer = await ask(`${url}/keep`, sent)
    t.like(answer, { status: 400, body: { code: 'INVALID_TEXT' } })
    const { errors = [] } = answer.body as { errors?: { field: string }[] }
    return errors.map(({ field }) => field)
  }
  t.deepEqual(await named({ a: 'fine', b: { c: ['x', 'nul\0'] } }), ['body.b.c.1'])
  t.deepEqual(await named({ 'k\0': 1, half: '\ud800' }), ['body', 'body.half'])
  t.deepEqual(await named({ a: '한 🐘' }), [], 'not a text of this request')
  const deep = JSON.parse(`${'['.repeat(400)}"\\u0000"${']'.repeat(400)}`) as unknown
  t.is((await named(deep)).length, 1)
})

test('a query that is no text is refused, and never taken for another one', async (t) => {
  const { url } = await serving(t)
  for (const how of ['%ff', 'a%c3%28', '%', '%zz', '%u0041']) {
    const { status, body } = await ask(`${url}/fail?how=${how}`)
    t.like({ status, ...body }, { status: 400, code: 'BAD_QUERY' }, how)
  }
  const nul = await ask(`${url}/fail?how=a%00b`)
  t.is(nul.status, 400)
  t.like(nul.body, { errors: [{ field: 'query.how', message: 'must not contain NUL' }] })
  t.is((await ask(`${url}/fail?how=%EA%B0%80+%F0%9F%8E%89%26%25`)).status, 204)
})

test('without a token it is 401, without the scope 403, before the input is looked at', async (t) => {
  const { url } = await serving(t)
  t.is((await ask(`${url}/things/x`)).status, 401)
  const other = await ask(`${url}/things/x`, { headers: { authorization: 'Bearer read:thingsX' } })
  t.is(other.status, 403)
  t.is(other.body['code'], 'INSUFFICIENT_SCOPE')
})

test('every problem has type, code, ids and no stack, and the metric has the route template', async (t) => {
  const { url, context } = await serving(t)
  const bug = await ask(`${url}/fail?how=bug`, { headers: { 'x-request-id': 'my-id' } })
  t.is(bug.status, 500)
  t.is(bug.headers['content-type'], 'application/problem+json')
  t.like(bug.body, {
    type: '/problems/internal-error',
    status: 500,
    code: 'INTERNAL_ERROR',
    requestId: 'my-id',
    path: '/fail',
  })
  t.notRegex(bug.text, /secret|\.ts:/)
  t.is(bug.body['traceId'], bug.headers['x-trace-id'])
  const away = await ask(`${url}/fail?how=away`)
  t.is(away.status, 503)
  t.is(away.headers['retry-after'], '7')
  t.like((await ask(`${url}/nowhere`)).body, { status: 404, code: 'NOT_FOUND' })
  const deleted = await ask(`${url}/things/7`, { method: 'DELETE' })
  t.is(deleted.status, 405)
  t.is(deleted.headers['allow'], 'HEAD, GET')
  const twice = { authorization: ['Bearer read:things', 'Bearer read:things'] }
  t.is((await ask(`${url}/things/7`, { headers: twice as never })).status, 401)
  await ask(`${url}/things/7`, { headers: bearer })
  const metrics = await context.meter.registry.metrics()
  t.regex(
    metrics,
    /http_server_requests_seconds_count\{[^}]*method="GET",uri="\/things\/:id",status="200"[^}]*\} 1/,
  )
  t.regex(metrics, /uri="unmatched",status="404"/)
  t.regex(metrics, /le="0.07"/)
})

test('what a route answers is at 0 before anybody has asked', async (t) => {
  const { context } = await serving(t)
  t.regex(
    await context.meter.registry.metrics(),
    /http_server_requests_seconds_count\{[^}]*method="GET",uri="\/things\/:id",status="200"[^}]*\} 0/,
  )
})

test('a request id that is long or not plain is replaced', async (t) => {
  const { url } = await serving(t)
  for (const given of ['x'.repeat(65), 'a b', 'a"b', '<script>']) {
    const { headers } = await ask(`${url}/fail?how=no`, { headers: { 'x-request-id': given } })
    t.not(headers['x-request-id'], given)
    t.regex(String(headers['x-request-id']), /^[0-9a-f-]{36}$/)
  }
})

test('a server span continues the trace of the caller', async (t) => {
  const { url } = await serving(t)
  const traceId = 'a'.repeat(32)
  const { headers } = await ask(`${url}/fail?how=no`, {
    headers: { traceparent: `00-${traceId}-${'b'.repeat(16)}-01` },
  })
  t.is(headers['x-trace-id'], traceId)
  const span = tracing.spans().findLast((one) => one.name === 'GET /fail')
  t.is(span?.parentSpanContext?.spanId, 'b'.repeat(16))
  t.like(span?.attributes, { 'http.route': '/fail', 'http.response.status_code': 204 })
})

test('bodies that are too large, of another type, packed, cut or not UTF-8 are refused as such', async (t) => {
  const { url, port } = await serving(t)
  const good = '{"name":"a","price":1}'
  const cases: [
    status: number,
    code: string,
    headers: Record<string, string>,
    body: string | Buffer,
  ][] = [
    [413, 'BODY_TOO_LARGE', json, `${good}${' '.repeat(1000)}`],
    [415, 'UNSUPPORTED_MEDIA_TYPE', { 'content-type': 'text/plain' }, good],
    [415, 'UNSUPPORTED_MEDIA_TYPE', { 'content-type': 'application/x-www-form-urlencoded' }, good],
    [
      415,
      'UNSUPPORTED_ENCODING',
      { ...json, 'content-encoding': 'gzip' },
      gzipSync('x'.repeat(1_000_000)),
    ],
    [400, 'BODY_UNREADABLE', json, Buffer.from([0x22, 0xff, 0xfe, 0x22])],
    [400, 'INVALID_JSON', json, '{"name":'],
    [400, 'INVALID_JSON', json, '['.repeat(900)],
    [400, 'VALIDATION_ERROR', json, 'null'],
  ]
  for (const [status, code, headers, body] of cases) {
    const answer = await ask(`${url}/things`, { method: 'POST', headers, body })
    t.is(answer.status, status, code)
    t.is(answer.body['code'], code)
  }
  t.is((await ask(`${url}/things`, { method: 'POST', headers: json, body: good })).status, 200)
  t.is(
    (
      await ask(`${url}/things`, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents+json' },
        body: good,
      })
    ).status,
    200,
  )
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  t.deepEqual(
    (await ask(`${url}/login`, { method: 'POST', headers: form, body: 'user=%C3%BC' })).body,
    { user: 'ü' },
  )
  t.is(
    (await ask(`${url}/login`, { method: 'POST', headers: json, body: '{"user":"a"}' })).status,
    415,
  )
  const chunked = 'POST /things HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
  const endless = await raw(port, `${chunked}${`3e8\r\n${'x'.repeat(1000)}\r\n`.repeat(5)}`)
  t.regex(endless, /^HTTP\/1.1 413 /)
})

test('a service serves its documents: OpenAPI, and AsyncAPI where it speaks Kafka', async (t) => {
  const { url } = await serving(t)
  t.like((await ask(`${url}/openapi.json`)).body, { openapi: '3.1.0' })
  t.is((await ask(`${url}/asyncapi.json`)).status, 404)
  const env = { KAFKA_BOOTSTRAP: '127.0.0.1:9' }
  const context = contextOf({ ...things, publishes: [placed] }, env)
  const speaking = await serve(context, {}, {}, verifier)
  t.teardown(() => context.life.stop(0, 2000))
  const { body } = await ask(`${speaking.url}/asyncapi.json`)
  t.deepEqual(Object.keys(body['operations'] as object), ['send_shop_orders_v1'])
})

test('what is no request is answered as a problem, with an id', async (t) => {
  const { url } = await serving(t)
  const answer = await request(`${url}/things/1`, { headers: { 'x-long': 'x'.repeat(20_000) } })
  t.is(answer.statusCode, 431)
  t.is(answer.headers['content-type'], 'application/problem+json')
  t.truthy(answer.headers['x-request-id'])
  t.like(await answer.body.json(), { status: 431, code: 'HEADERS_TOO_LARGE' })
})

test('headers of proxies are not believed', async (t) => {
  const context = contextOf(things)
  const app = createApp(context)
  app.use((ctx) => {
    ctx.body = { ip: ctx.ip, ips: ctx.ips, protocol: ctx.protocol, host: ctx.host }
  })
  const { url, port } = await listenApp(context, app)
  t.teardown(() => context.life.stop(0, 2000))
  const headers = {
    'x-forwarded-for': '6.6.6.6, 7.7.7.7',
    'x-forwarded-proto': 'javascript',
    'x-forwarded-host': 'evil.test',
    forwarded: 'for=6.6.6.6;host=evil.test',
  }
  t.deepEqual((await ask(url, { headers })).body, {
    ip: '127.0.0.1',
    ips: [],
    protocol: 'http',
    host: `127.0.0.1:${port}`,
  })
})

/** Sends bytes and collects the answer until a blank line or the end. */
function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (text.includes('\r\n\r\n')) socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(text))
  })
}
