import anyTest, { type TestFn } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import type { Context } from '../../kit/context.ts'
import { postgres, statement, type Postgres } from '../../kit/postgres.ts'
import { bench } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import { accounts } from '../stores.ts'
import auth from './service.ts'
import { start } from './start.ts'

interface Setup {
  readonly urls: readonly string[]
  readonly database: Postgres
  readonly metrics: () => Promise<string>
  readonly stop: () => Promise<void>
}
const test = anyTest as TestFn<Setup>

test.beforeEach('two replicas on a database of their own', async (t) => {
  const { servers, stop } = await testServers('postgres')
  const at = await bench(topology, servers)
  at.useIssuer('http://issuer.test')
  const opened: Postgres[] = []
  const one = await at.start(auth, async (context: Context<typeof auth>) => {
    opened.push(await postgres(context, accounts))
    return start(context)
  })
  const two = await at.start(auth, start, { replica: 2 })
  t.context = {
    urls: [one.url, two.url],
    database: opened[0] as Postgres,
    metrics: async () => (await fetch(`${one.admin}/metrics`)).text(),
    stop: async () => {
      await at.stop()
      await stop()
    },
  }
})
test.afterEach.always((t) => t.context.stop?.())

async function login(url: string, id: string, secret: string, address?: string) {
  const answer = await fetch(`${url}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
      ...(address !== undefined && { 'x-forwarded-for': address }),
    },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  const body = (await answer.json()) as Record<string, unknown>
  return { status: answer.status, headers: answer.headers, body }
}

test.serial(
  'wrong secrets of one client are slowed down on all replicas, the right one is not',
  async (t) => {
    const { urls, metrics } = t.context
    const statuses: number[] = []
    for (let n = 0; n < 14; n += 1) {
      const { status } = await login(urls[n % 2] ?? '', 'webtoon-reader', 'guess', `10.0.0.${n}`)
      statuses.push(status)
    }
    t.deepEqual(statuses.slice(0, 10), Array(10).fill(401))
    t.true(statuses.slice(10).includes(429), statuses.join(' '))
    const late = await login(urls[0] ?? '', 'webtoon-reader', 'guess', '10.0.1.1')
    t.is(late.status, 429)
    t.like(late.body, { code: 'TOO_MANY_FAILED_LOGINS', error: 'slow_down' })
    t.is(late.headers.get('retry-after'), '6')
    t.is(late.headers.get('cache-control'), 'no-store')
    for (const url of urls)
      t.is((await login(url, 'webtoon-reader', 'webtoon-reader-secret', '10.0.1.2')).status, 200)
    t.is((await login(urls[0] ?? '', 'maru-operator', 'guess', '10.0.1.3')).status, 401)
    t.regex(await metrics(), /auth_login_throttled_total\{by="client"\} [1-9]/)
  },
)

test.serial(
  'an address that guesses at many clients is turned away, whatever it sends then',
  async (t) => {
    const { urls, metrics } = t.context
    const [url = ''] = urls
    for (let n = 0; n < 30; n += 1) await login(url, `made-up-${n}`, 'guess', '2001:db8::1')
    const good = await login(url, 'webtoon-reader', 'webtoon-reader-secret', '2001:db8::2')
    t.is(good.status, 429, 'one network of IPv6 is one address')
    const elsewhere = await login(url, 'webtoon-reader', 'webtoon-reader-secret', '2001:db8:1::1')
    t.is(elsewhere.status, 200)
    t.is((await login(url, 'webtoon-reader', 'webtoon-reader-secret')).status, 200)
    t.regex(await metrics(), /auth_login_throttled_total\{by="address"\} [1-9]/)
    const rows = await t.context.database.query<{ key: string }>(
      statement('failed-keys', `select key from failed_logins where key like 'client %'`),
    )
    t.deepEqual(
      rows.map(({ key }) => key),
      ['client '],
      'made-up names cost no rows',
    )
  },
)

test.serial(
  'the trail says who rotated, revoked, reused and was refused, and holds no secret',
  async (t) => {
    const { urls, database } = t.context
    const [url = ''] = urls
    const post = (path: string, form: Record<string, string>, authorization: string) =>
      fetch(url + path, {
        method: 'POST',
        headers: { authorization, 'x-forwarded-for': '10.0.0.9' },
        body: new URLSearchParams(form),
      })
    const basic = `Basic ${Buffer.from('maru-operator:maru-operator-secret').toString('base64')}`
    const pair = async (form: Record<string, string>) =>
      (await (await post('/token', form, basic)).json()) as Record<string, string>
    const fresh = { grant_type: 'client_credentials', scope: 'admin:auth', sub: 'u-1' }
    const first = await pair(fresh)
    await login(url, 'maru-operator', 'wrong-secret', '10.0.0.9')
    const refresh = { grant_type: 'refresh_token', refresh_token: first['refresh_token'] ?? '' }
    await pair(refresh)
    await pair(refresh)
    const second = await pair(fresh)
    await post('/token/revoke', { token: second['refresh_token'] ?? '' }, basic)
    await post('/keys/rotate', {}, `Bearer ${second['access_token']}`)
    const rows = await database.query<Record<string, unknown>>(
      statement(
        'trail',
        'select action, client_id, subject, address, detail from auth_audit order by id',
      ),
    )
    const client = { client_id: 'maru-operator', address: '10.0.0.9' }
    const expected = [
      { ...client, action: 'login refused', subject: '' },
      { ...client, action: 'refresh token reused', subject: 'u-1' },
      { ...client, action: 'token revoked', subject: 'u-1' },
      { ...client, action: 'key rotated', subject: 'u-1' },
    ]
    t.is(rows.length, expected.length)
    for (const [at, row] of expected.entries()) t.like(rows[at], row)
    const text = JSON.stringify(rows)
    for (const secret of ['wrong-secret', ...Object.values(first), ...Object.values(second)])
      if (secret.length > 20 || secret === 'wrong-secret') t.false(text.includes(secret))
  },
)
