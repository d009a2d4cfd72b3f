import anyTest, { type TestFn } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { front, type Front } from './testing.ts'

const test = anyTest as TestFn<Front>

test.before(async (t) => {
  t.context = await front(await testServers('redis'), {
    env: { GATEWAY_CORS_ALLOWED_ORIGINS: 'https://reader.example, https://editor.example' },
  })
})
test.after.always((t) => t.context.stop?.())

interface Echo {
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

async function get(front: Front, path: string, headers: Record<string, string> = front.reader) {
  return fetch(front.url + path, { headers })
}

test.serial('a declared route with the right token reaches its service', async (t) => {
  const answer = await get(t.context, '/echo/hello?q=%EB%A1%9C&n=1')
  t.is(answer.status, 200)
  t.is(answer.headers.get('x-gateway'), 'msa-webtoon')
  t.regex(answer.headers.get('x-response-time-ms') ?? '', /^\d+$/)
  t.is(((await answer.json()) as Echo).url, '/echo/hello?q=%EB%A1%9C&n=1')
})

test.serial('a body and its type arrive whole, and a HEAD is answered without one', async (t) => {
  const { url, writer, reader } = t.context
  const sent = JSON.stringify({ title: '로맨스' })
  const headers = { ...writer, 'content-type': 'application/json' }
  const answer = await fetch(`${url}/echo/items`, { method: 'POST', headers, body: sent })
  const echoed = (await answer.json()) as Echo
  t.is(echoed.body, sent)
  t.is(echoed.headers['content-length'], String(Buffer.byteLength(sent)))
  t.is(echoed.headers['transfer-encoding'], undefined)
  const head = await fetch(`${url}/echo/hello`, { method: 'HEAD', headers: reader })
  t.is(head.status, 200)
  t.is(await head.text(), '')
})

test.serial(
  'without a token every guarded or unknown path is 401, with the wrong scope 403',
  async (t) => {
    for (const path of [
      '/echo/hello',
      '/echo/items/1',
      '/echo/nowhere',
      '/nowhere',
      '/echo/hello/',
    ]) {
      const answer = await get(t.context, path, {})
      t.is(answer.status, 401, path)
      t.regex(answer.headers.get('www-authenticate') ?? '', /^Bearer/)
      t.truthy(answer.headers.get('x-request-id'))
    }
    t.is((await get(t.context, '/echo/hello', t.context.writer)).status, 403)
    t.is((await get(t.context, '/echo/open', {})).status, 200)
  },
)

test.serial('with a token an unknown path is 404 and a wrong method 405 with Allow', async (t) => {
  for (const path of ['/echo/nowhere', '/nowhere', '/ECHO/hello', '/echo/hello/', '/echo'])
    t.is((await get(t.context, path)).status, 404, path)
  for (const method of ['DELETE', 'PUT', 'PATCH', 'POST']) {
    const answer = await fetch(`${t.context.url}/echo/hello`, { method, headers: t.context.reader })
    t.is(answer.status, 405)
    t.is(answer.headers.get('allow'), 'GET, HEAD, OPTIONS')
  }
  t.is((await fetch(`${t.context.url}/echo/open`, { method: 'POST' })).status, 405)
})

test.serial('what is wrong with a token is never told and never a 5xx', async (t) => {
  const { at } = t.context
  const { readRank } = await import('../../webtoon/scopes.ts')
  const good = await at.token([readRank])
  const [head = '', payload = '', signature = ''] = good.split('.')
  const unsigned = (header: object): string =>
    `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.`
  const tokens = [
    await at.token([readRank], { issuer: 'http://elsewhere' }),
    await at.token([readRank], { audience: 'others' }),
    await at.token([readRank], { typ: 'JWT' }),
    await at.token([readRank], { expiresIn: -61 }),
    unsigned({ alg: 'none', typ: 'at+jwt' }),
    unsigned({ alg: 'HS256', typ: 'at+jwt', kid: 'bench' }) + signature,
    unsigned({ alg: 'RS256', typ: 'at+jwt', kid: '../../dev/null' }) + signature,
    unsigned({ alg: 'RS256', typ: 'at+jwt', kid: '__proto__' }) + signature,
    `${head}.${payload}.`,
    `${head}.${payload}`,
    `${good}.`,
    good.slice(0, -5),
    'x'.repeat(9000),
    '',
  ]
  const bodies = new Set<string>()
  for (const token of tokens) {
    const answer = await get(t.context, '/echo/hello', { authorization: `Bearer ${token}` })
    t.is(answer.status, 401, token.slice(0, 60))
    bodies.add(((await answer.json()) as { detail: string }).detail)
  }
  t.is(bodies.size, 1)
  t.is((await get(t.context, `/echo/hello?access_token=${good}`, {})).status, 401)
})

test.serial('paths have one form for access and routing', async (t) => {
  const refused = [
    '/echo//hello',
    '/echo/%2e%2e/hello',
    '/echo/..%2fhello',
    '/echo%2Fhello',
    '/echo/%5chello',
    '/echo/hello%00',
    '/echo/%c0%afhello',
    '/echo/%zzhello',
    '/echo/..;/hello',
    '/echo/items/%0d%0ax',
  ]
  for (const path of refused) {
    const answer = await t.context.raw(
      `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${t.context.reader['authorization']}\r\nConnection: close\r\n\r\n`,
    )
    t.regex(answer, /^HTTP\/1.1 400 /, path)
    t.regex(answer, /x-request-id: /i, path)
  }
  const same = await get(t.context, '/echo/h%65llo')
  t.is(((await same.json()) as Echo).url, '/echo/hello')
})

test.serial('a fixed path wins over a parameter', async (t) => {
  for (const id of ['latest', '17', '%EB%A1%9C']) {
    const answer = await get(t.context, `/echo/items/${id}`)
    t.is(((await answer.json()) as Echo).url, `/echo/items/${id}`)
  }
  t.true(await t.context.metric(/uri="\/echo\/items\/:id",status="200"/))
  t.true(await t.context.metric(/uri="\/echo\/items\/latest",status="200"/))
})

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
    t.context.behind.behave((await import('./testing.ts')).echoing)
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

test.serial('own routes answer without a token', async (t) => {
  const info = (await (await get(t.context, '/routes-info', {})).json()) as Record<string, unknown>
  t.deepEqual(Object.keys(info), ['gateway', 'routes', 'rateLimit', 'features'])
  t.deepEqual(
    (info['routes'] as { id: string }[]).map((one) => one.id),
    ['echo', 'tight', 'frail'],
  )
  const fallback = await get(t.context, '/__fallback/echo', {})
  t.is(fallback.status, 503)
  t.like(await fallback.json(), {
    status: 503,
    error: 'Service Unavailable',
    service: 'echo',
    path: '/__fallback/echo',
  })
  t.is((await get(t.context, '/__fallback/nobody', {})).status, 404)
  t.is((await get(t.context, '/openapi.json', {})).status, 200)
})

test.serial(
  'a body over the limit is 413, declared or not, and never reaches the service',
  async (t) => {
    const { url, writer, behind } = t.context
    const before = behind.seen.length
    const whole = await fetch(`${url}/echo/items`, {
      method: 'POST',
      headers: writer,
      body: 'x'.repeat(1001),
    })
    t.is(whole.status, 413)
    const endless = await t.context.raw(
      `POST /echo/items HTTP/1.1\r\nHost: x\r\nAuthorization: ${writer['authorization']}\r\nTransfer-Encoding: chunked\r\n\r\n` +
        `400\r\n${'x'.repeat(1024)}\r\n`,
    )
    t.regex(endless, /^HTTP\/1.1 413 /)
    t.is(behind.seen.length, before)
  },
)

test.serial('a body where none is declared is not forwarded', async (t) => {
  const answer = await t.context.raw(
    `GET /echo/hello HTTP/1.1\r\nHost: x\r\nAuthorization: ${t.context.reader['authorization']}\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello`,
  )
  const { headers, body } = JSON.parse(/\{.*\}/s.exec(answer)?.[0] ?? '{}') as Echo
  t.is(body, '')
  t.is(headers['content-length'], undefined)
  t.is(headers['content-type'], undefined)
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

test.serial(
  'the limit is counted per subject or address, over all instances, and says when to come again',
  async (t) => {
    const { at, another, url } = t.context
    const { readRank } = await import('../../webtoon/scopes.ts')
    const second = await another({ replica: 2 })
    const headers = {
      authorization: `Bearer ${await at.token([readRank], { subject: 'u-greedy' })}`,
    }
    const answers = []
    for (let n = 0; n < 5; n += 1)
      answers.push(await fetch(`${n % 2 ? url : second.url}/tight/mine`, { headers }))
    t.deepEqual(answers.map((one) => one.status).slice(0, 3), [200, 200, 200])
    const refused = answers[4]
    t.is(refused?.status, 429)
    t.true(Number(refused?.headers.get('retry-after')) >= 1)
    t.is(refused?.headers.get('x-ratelimit-burst-capacity'), '3')
    t.truthy(refused?.headers.get('ratelimit-policy'))
    t.truthy(refused?.headers.get('x-request-id'))
    t.like(await refused?.json(), { status: 429, code: 'RATE_LIMITED' })
    t.is((await get(t.context, '/tight/mine')).status, 200, 'another subject has its own bucket')
    const spoofed = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        get(t.context, '/tight/open', { 'x-forwarded-for': `9.9.9.${n}` }),
      ),
    )
    t.true(spoofed.filter((one) => one.status === 429).length >= 8)
    t.true(await t.context.metric(/gateway_ratelimit_rejected_total\{route="tight"\} [1-9]/))
  },
)
