import anyTest, { type TestFn } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { echoing, front, get, type Echo, type Front } from './testing.ts'

const test = anyTest as TestFn<Front>

test.before(async (t) => {
  t.context = await front(await testServers('redis'), {
    env: { GATEWAY_CORS_ALLOWED_ORIGINS: 'https://reader.example, https://editor.example' },
  })
})
test.after.always((t) => t.context.stop?.())

test.serial('what a client says about itself is replaced', async (t) => {
  const answer = await get(t.context, '/echo/hello', {
    ...t.context.reader,
    'x-user-id': 'admin',
    'x-scopes': 'admin:auth',
    'x-forwarded-for': '6.6.6.6',
    'x-forwarded-host': 'evil',
    'x-forwarded-proto': 'javascript',
    'x-forwarded-prefix': '/evil',
    forwarded: 'for=6.6.6.6',
    'x-original-url': '/keys/rotate',
    'x-http-method-override': 'DELETE',
    x_user_id: 'admin',
    'x-own': 'kept',
  })
  const { headers } = (await answer.json()) as Echo
  t.like(headers, {
    'x-user-id': 'bench',
    'x-scopes': 'read:rank',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'http',
    'x-own': 'kept',
  })
  t.is(headers['x-forwarded-host'], new URL(t.context.url).host)
  for (const name of [
    'forwarded',
    'x-original-url',
    'x-http-method-override',
    'x_user_id',
    'x-forwarded-prefix',
  ])
    t.is(headers[name], undefined, name)
})

test.serial('hop-by-hop headers stay here, and Connection cannot strip what guards', async (t) => {
  const { authorization } = t.context.reader
  const answer = await t.context.raw(
    `GET /echo/hello HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nX-Hop: 1\r\nTE: trailers\r\n` +
      `Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: close, x-hop, authorization, x-user-id, x-request-id\r\n\r\n`,
  )
  t.regex(answer, /^HTTP\/1.1 200 /)
  const { headers } = JSON.parse(/\{.*\}/s.exec(answer)?.[0] ?? '{}') as Echo
  t.is(headers['authorization'], authorization)
  t.is(headers['x-user-id'], 'bench')
  t.truthy(headers['x-request-id'])
  for (const name of ['x-hop', 'te', 'upgrade', 'http2-settings'])
    t.is(headers[name], undefined, name)
})

test.serial(
  'an upstream answers for its body only: ids, hop-by-hop and CORS headers are the gateway’s',
  async (t) => {
    t.context.behind.behave((_, response) => {
      response.writeHead(201, [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['X-Request-Id', 'theirs'],
        ['X-Powered-By', 'them'],
        ['Access-Control-Allow-Origin', '*'],
        ['Content-Type', 'text/plain'],
      ] as never)
      response.end('made')
    })
    const answer = await get(t.context, '/echo/hello', {
      ...t.context.reader,
      'x-request-id': 'mine-1',
    })
    t.context.behind.behave(echoing)
    t.is(answer.status, 201)
    t.is(await answer.text(), 'made')
    t.deepEqual(answer.headers.getSetCookie(), ['a=1', 'b=2'])
    t.is(answer.headers.get('x-request-id'), 'mine-1')
    t.is(answer.headers.get('x-powered-by'), null)
    t.is(answer.headers.get('access-control-allow-origin'), null)
  },
)

test.serial('request ids: short plain ones are kept, others replaced', async (t) => {
  const kept = await get(t.context, '/echo/hello', { ...t.context.reader, 'x-request-id': 'a-1' })
  t.is(kept.headers.get('x-request-id'), 'a-1')
  t.is(((await kept.json()) as Echo).headers['x-request-id'], 'a-1')
  const long = 'x'.repeat(5000)
  const replaced = await get(t.context, '/echo/hello', {
    ...t.context.reader,
    'x-request-id': long,
  })
  t.true((replaced.headers.get('x-request-id') ?? long).length <= 64)
})

test.serial('only listed origins may call from a browser', async (t) => {
  const preflight = (origin: string) =>
    fetch(`${t.context.url}/echo/items`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
  const good = await preflight('https://reader.example')
  t.is(good.status, 204)
  t.is(good.headers.get('access-control-allow-origin'), 'https://reader.example')
  t.regex(good.headers.get('access-control-allow-methods') ?? '', /POST/)
  t.is(good.headers.get('access-control-max-age'), '3600')
  t.is(good.headers.get('access-control-allow-credentials'), null)
  for (const origin of [
    'null',
    'https://evil.example',
    'https://reader.example.evil',
    'http://reader.example',
  ])
    t.is((await preflight(origin)).headers.get('access-control-allow-origin'), null, origin)
  const refused = await get(t.context, '/echo/hello', { origin: 'https://reader.example' })
  t.is(refused.status, 401)
  t.is(refused.headers.get('access-control-allow-origin'), 'https://reader.example')
})

test.serial('the trace goes on: server span, client span, upstream', async (t) => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const answer = await get(t.context, '/echo/hello', {
    ...t.context.reader,
    traceparent: `00-${trace}-00f067aa0ba902b7-01`,
  })
  t.is(answer.headers.get('x-trace-id'), trace)
  const { headers } = (await answer.json()) as Echo
  const spans = t.context.at.spans().filter((span) => span.spanContext().traceId === trace)
  const client = spans.find((span) => span.attributes['service.peer.name'] === 'echo')
  t.is(client?.name, 'GET /echo/hello')
  t.is(headers['traceparent'], `00-${trace}-${client?.spanContext().spanId}-01`)
  t.true(
    await t.context.metric(
      /traces_service_graph_request_total\{client="gateway",server="echo",connection_type=""\} [1-9]/,
    ),
  )
})
