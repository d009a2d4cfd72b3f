import anyTest, { type TestFn } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { readRank } from '../../webtoon/scopes.ts'
import { front, get, type Echo, type Front } from './testing.ts'

const test = anyTest as TestFn<Front>

test.before(async (t) => {
  t.context = await front(await testServers('redis'))
})
test.after.always((t) => t.context.stop?.())

test.serial('a declared route with the right token reaches its service', async (t) => {
  const answer = await get(t.context, '/echo/hello?q=%EB%A1%9C&n=1')
  t.is(answer.status, 200)
  t.is(answer.headers.get('x-gateway'), 'msa-webtoon')
  t.regex(answer.headers.get('x-response-time-ms') ?? '', /^\d+$/)
  t.is(((await answer.json()) as Echo).url, '/echo/hello?q=%EB%A1%9C&n=1')
})

test.serial(
  'what stands before a service’s paths outside is taken away on the way in',
  async (t) => {
    const answer = await get(t.context, '/api/inner/7?q=1')
    t.is(((await answer.json()) as Echo).url, '/inner/7?q=1')
    t.is((await get(t.context, '/inner/7')).status, 404)
    t.is((await get(t.context, '/api/echo/hello')).status, 404)
    const info = (await (await get(t.context, '/routes-info')).json()) as {
      routes: { paths: string[] }[]
    }
    t.true(info.routes.some(({ paths }) => paths.includes('/api/inner/**')))
  },
)

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

test.serial('own routes answer without a token', async (t) => {
  const info = (await (await get(t.context, '/routes-info', {})).json()) as Record<string, unknown>
  t.deepEqual(Object.keys(info), ['gateway', 'routes', 'rateLimit', 'features'])
  t.deepEqual(
    (info['routes'] as { id: string }[]).map((one) => one.id),
    ['echo', 'tight', 'frail', 'inner'],
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
