import anyTest, { type TestFn } from 'ava'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import auth from './service.ts'
import { start } from './start.ts'

interface Bodies {
  [key: string]: unknown
}
interface Answer {
  status: number
  headers: Headers
  body: Bodies
}
interface Setup {
  stop: () => Promise<void>
  at: Bench
  url: string
  second: string
  metrics: () => Promise<string>
}

const test = anyTest as TestFn<Setup>

test.before(async (t) => {
  const { servers, stop } = await testServers('postgres')
  const at = await bench(topology, servers)
  at.useIssuer('http://issuer.test')
  const one = await at.start(auth, start)
  const two = await at.start(auth, start, { replica: 2 })
  const metrics = async (): Promise<string> => (await fetch(`${one.admin}/metrics`)).text()
  t.context = {
    at,
    url: one.url,
    second: two.url,
    metrics,
    stop: async () => {
      await at.stop()
      await stop()
    },
  }
})
test.after.always((t) => t.context.stop?.())

const basic = (id: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${id}-secret`).toString('base64')}`,
})
const reader = basic('webtoon-reader')
const operator = basic('maru-operator')

async function post(
  url: string,
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = reader,
): Promise<Answer> {
  const answer = await fetch(url + path, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form),
  })
  const text = await answer.text()
  const body = text === '' ? {} : (JSON.parse(text) as Bodies)
  return { status: answer.status, headers: answer.headers, body }
}

const credentials = { grant_type: 'client_credentials' }
const refreshing = (token: unknown): Record<string, string> => ({
  grant_type: 'refresh_token',
  refresh_token: String(token),
})

test('a client gets a pair with the claims of RFC 9068', async (t) => {
  const { status, headers, body } = await post(t.context.url, '/token', credentials)
  t.is(status, 200)
  t.is(headers.get('cache-control'), 'no-store')
  t.like(body, { token_type: 'Bearer', expires_in: 900, refresh_expires_in: 86_400 })
  const token = String(body['access_token'])
  t.like(decodeProtectedHeader(token), { alg: 'RS256', typ: 'at+jwt' })
  const claims = decodeJwt(token)
  t.like(claims, {
    iss: 'http://issuer.test',
    aud: 'maru',
    sub: 'webtoon-reader',
    client_id: 'webtoon-reader',
    scope: 'read:rank read:search',
  })
  t.is(Number(claims.exp) - Number(claims.iat), 900)
  t.truthy(claims.jti)
})

test('a token says which merchant its client stands for, also a refreshed one', async (t) => {
  const shop = basic('payments-shop')
  const first = await post(t.context.url, '/token', credentials, shop)
  const again = await post(t.context.url, '/token', refreshing(first.body['refresh_token']), shop)
  for (const { body } of [first, again])
    t.is(decodeJwt(String(body['access_token']))['merchant'], 'MOCK-MERCHANT')
  const other = await post(t.context.url, '/token', credentials)
  t.false('merchant' in decodeJwt(String(other.body['access_token'])))
})

test('credentials may come in the body, and not twice', async (t) => {
  const own = { client_id: 'webtoon-reader', client_secret: 'webtoon-reader-secret' }
  t.is((await post(t.context.url, '/token', { ...credentials, ...own }, {})).status, 200)
  const both = await post(t.context.url, '/token', { ...credentials, ...own })
  t.is(both.status, 400)
  t.is(both.body['error'], 'invalid_request')
})

test('a client without a default scope gets all of its own', async (t) => {
  const { body } = await post(t.context.url, '/token', credentials, basic('webtoon-load-source'))
  t.is(body['scope'], 'write:ingest')
})

test('wrong clients get 401 invalid_client with a challenge', async (t) => {
  const wrong = `Basic ${Buffer.from('webtoon-reader:nonsense').toString('base64')}`
  for (const headers of [
    {},
    { authorization: wrong },
    basic('nobody'),
    { authorization: 'Basic %' },
    { authorization: `Basic ${Buffer.from('a\0b:x').toString('base64')}` },
    basic('%00'),
  ]) {
    const answer = await post(
      t.context.url,
      '/token',
      credentials,
      headers as Record<string, string>,
    )
    t.is(answer.status, 401)
    t.is(answer.body['error'], 'invalid_client')
    t.is(typeof answer.body['error_description'], 'string')
    t.regex(answer.headers.get('www-authenticate') ?? '', /^Basic /)
    t.is(answer.headers.get('cache-control'), 'no-store')
  }
})

test('wrong requests get their OAuth error and the members of a problem', async (t) => {
  const cases: [Record<string, string>, string][] = [
    [{}, 'invalid_request'],
    [{ grant_type: 'password' }, 'unsupported_grant_type'],
    [{ grant_type: 'refresh_token' }, 'invalid_request'],
    [refreshing('made-up'), 'invalid_grant'],
    [{ ...credentials, scope: 'read:rank write:catalog' }, 'invalid_scope'],
    [{ ...credentials, scope: 'read:rankX' }, 'invalid_scope'],
    [{ ...credentials, sub: 'x'.repeat(200) }, 'invalid_request'],
  ]
  for (const [form, error] of cases) {
    const { status, headers, body } = await post(t.context.url, '/token', form)
    t.is(status, 400, error)
    t.is(body['error'], error)
    t.is(body['code'], error.toUpperCase())
    t.is(body['status'], 400)
    t.truthy(body['requestId'])
    t.regex(headers.get('content-type') ?? '', /problem\+json/)
  }
})

test('only clients that may impersonate choose the subject', async (t) => {
  const sub = 'u-17'
  const mine = await post(t.context.url, '/token', { ...credentials, sub })
  t.is(decodeJwt(String(mine.body['access_token'])).sub, sub)
  const others = basic('webtoon-content-manager')
  const refused = await post(t.context.url, '/token', { ...credentials, sub }, others)
  t.is(refused.status, 400)
  t.is(refused.body['error'], 'unauthorized_client')
})

test('a refresh token is good once; a second use revokes its family', async (t) => {
  const first = await post(t.context.url, '/token', credentials)
  const second = await post(t.context.second, '/token', refreshing(first.body['refresh_token']))
  t.is(second.status, 200)
  const replay = await post(t.context.url, '/token', refreshing(first.body['refresh_token']))
  t.is(replay.status, 400)
  t.is(replay.body['error'], 'invalid_grant')
  const heir = await post(t.context.url, '/token', refreshing(second.body['refresh_token']))
  t.is(heir.body['error'], 'invalid_grant')
  t.regex(await t.context.metrics(), /auth_refresh_token_reused_total [1-9]/)
})

test('of twenty uses at once over two replicas exactly one gets a pair', async (t) => {
  const { body } = await post(t.context.url, '/token', credentials)
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      post(n % 2 ? t.context.url : t.context.second, '/token', refreshing(body['refresh_token'])),
    ),
  )
  t.is(answers.filter((one) => one.status === 200).length, 1)
  t.true(answers.every(({ status, body }) => status === 200 || body['error'] === 'invalid_grant'))
})

test('/token/refresh is an alias that asks for the same proof', async (t) => {
  const { body } = await post(t.context.url, '/token', { ...credentials, sub: 'u-1' })
  const form = { refresh_token: String(body['refresh_token']) }
  t.is((await post(t.context.url, '/token/refresh', form, {})).status, 401)
  t.is((await post(t.context.url, '/token/refresh', { ...form, sub: 'u-2' })).status, 400)
  const fresh = await post(t.context.url, '/token/refresh', { ...form, sub: 'u-1' })
  t.is(fresh.status, 200)
  t.is(decodeJwt(String(fresh.body['access_token'])).sub, 'u-1')
})

test('a refresh token is bound to its client, and its scope can only narrow', async (t) => {
  const { body } = await post(t.context.url, '/token', credentials)
  const form = refreshing(body['refresh_token'])
  t.is((await post(t.context.url, '/token', form, operator)).body['error'], 'invalid_grant')
  const wider = { ...form, scope: 'read:rank read:catalog' }
  t.is((await post(t.context.url, '/token', wider)).body['error'], 'invalid_scope')
  const narrow = await post(t.context.url, '/token', { ...form, scope: 'read:rank' })
  t.is(narrow.body['scope'], 'read:rank')
  const next = { ...refreshing(narrow.body['refresh_token']), scope: 'read:search' }
  t.is((await post(t.context.url, '/token', next)).body['error'], 'invalid_scope')
})

test('a revoked refresh token is dead; revoking what is unknown is no error', async (t) => {
  const { body } = await post(t.context.url, '/token', credentials)
  const token = String(body['refresh_token'])
  t.is((await post(t.context.url, '/token/revoke', { token }, operator)).status, 200)
  t.is(
    (await post(t.context.url, '/token', refreshing(token))).status,
    200,
    'others cannot revoke it',
  )
  const again = await post(t.context.url, '/token', credentials)
  const mine = String(again.body['refresh_token'])
  t.is((await post(t.context.url, '/token/revoke', { token: mine })).status, 200)
  t.is((await post(t.context.url, '/token', refreshing(mine))).body['error'], 'invalid_grant')
  t.is((await post(t.context.url, '/token/revoke', { token: 'made-up' })).status, 200)
  t.is((await post(t.context.url, '/token/revoke', {})).body['error'], 'invalid_request')
  t.is((await post(t.context.url, '/token/revoke', { token: mine }, {})).status, 401)
  const jwt = { token: String(again.body['access_token']) }
  t.is((await post(t.context.url, '/token/revoke', jwt)).body['error'], 'unsupported_token_type')
})

test('the key set is public, cacheable, without private members, and the same on all replicas', async (t) => {
  const [one, two] = await Promise.all(
    [t.context.url, t.context.second].map((url) => fetch(`${url}/.well-known/jwks.json`)),
  )
  t.is(one?.headers.get('cache-control'), 'public, max-age=60')
  const set = (await one?.json()) as { keys: Bodies[] }
  t.deepEqual(await two?.json(), set)
  t.deepEqual(Object.keys(set.keys[0] ?? {}).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
})

test('the metadata names the endpoints under the issuer', async (t) => {
  const answer = await fetch(`${t.context.url}/.well-known/oauth-authorization-server`)
  t.like(await answer.json(), {
    issuer: 'http://issuer.test',
    token_endpoint: 'http://issuer.test/token',
    jwks_uri: 'http://issuer.test/.well-known/jwks.json',
  })
})

test('only admin:auth rotates keys', async (t) => {
  const { url } = t.context
  t.is((await fetch(`${url}/keys/rotate`, { method: 'POST' })).status, 401)
  const { body } = await post(url, '/token', credentials)
  const authorization = `Bearer ${String(body['access_token'])}`
  t.is(
    (await fetch(`${url}/keys/rotate`, { method: 'POST', headers: { authorization } })).status,
    403,
  )
  const refresh = `Bearer ${String(body['refresh_token'])}`
  const asAccess = { method: 'POST', headers: { authorization: refresh } }
  t.is((await fetch(`${url}/keys/rotate`, asAccess)).status, 401)
})

test('secrets and refresh tokens are stored hashed, private keys sealed', async (t) => {
  const { body } = await post(t.context.url, '/token', credentials)
  const env = await t.context.at.environment(auth)
  const { default: pg } = await import('pg')
  const { readFileSync } = await import('node:fs')
  const client = new pg.Client({
    host: env['POSTGRES_AUTH_HOST'],
    port: Number(env['POSTGRES_AUTH_PORT']),
    user: env['POSTGRES_AUTH_USER'],
    database: env['POSTGRES_AUTH_DATABASE'],
    password: readFileSync(env['POSTGRES_AUTH_PASSWORD_FILE'] ?? '', 'utf8').trim(),
  })
  await client.connect()
  const rows = await Promise.all(
    ['clients', 'signing_keys', 'refresh_tokens'].map((table) =>
      client.query(`select * from ${table}`),
    ),
  )
  await client.end()
  const bytes = rows
    .flatMap(({ rows }) => rows as Bodies[])
    .flatMap((row) => Object.values(row))
    .map((value) => (Buffer.isBuffer(value) ? value.toString('latin1') : JSON.stringify(value)))
    .join('\n')
  t.is(rows[1]?.rowCount, 1, 'two replicas made one first key')
  t.false(bytes.includes('webtoon-reader-secret'))
  t.false(bytes.includes(String(body['refresh_token'])))
  t.false(bytes.includes('PRIVATE KEY'))
})
