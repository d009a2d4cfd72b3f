import anyTest, { type TestFn } from 'ava'
import { decodeProtectedHeader } from 'jose'
import { setTimeout as delay } from 'node:timers/promises'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { jwksCooldownMs } from '../../kit/auth.ts'
import { serve } from '../../kit/http.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { route } from '../../model/route.ts'
import { service } from '../../model/service.ts'
import { topology } from '../../topology.ts'
import { adminAuth } from '../scopes.ts'
import auth from './service.ts'
import { start } from './start.ts'

/** Somebody who checks tokens against the published keys, as every service does. */
const probe = service({
  name: 'probe',
  product: 'platform',
  summary: 'Lets the bearer of a good token in.',
  port: 25_950,
  api: {
    enter: route('GET /enter', {
      summary: 'Enters.',
      access: adminAuth,
      answers: { 200: { summary: 'In' } },
    }),
  },
  slo: { availability: 99.9, latency: { p95Ms: 200 } },
})

interface Setup {
  at: Bench
  urls: readonly string[]
  door: string
  clock: { now: number }
  stop: () => Promise<void>
}
const test = anyTest as TestFn<Setup>
const issuer = { AUTH_ISSUER: 'http://issuer.test' }

test.before(async (t) => {
  const { servers, stop } = await testServers('postgres')
  const at = await bench(topology, servers)
  const clock = { now: Date.now() }
  const overrides = { clock: () => clock.now }
  const replicas = [
    await at.start(auth, start, { overrides, env: issuer }),
    await at.start(auth, start, { replica: 2, overrides, env: issuer }),
  ]
  const urls = replicas.map((one) => one.url)
  const enter = await at.start(
    probe,
    (context) => serve(context, probe.api, { enter: () => ({ status: 200 }) }),
    { overrides, env: { ...issuer, AUTH_JWKS_URI: `${urls[1]}/.well-known/jwks.json` } },
  )
  t.context = {
    at,
    urls,
    clock,
    door: `${enter.url}/enter`,
    stop: async () => {
      await at.stop()
      await stop()
    },
  }
})
test.after.always((t) => t.context.stop?.())

const basic = `Basic ${Buffer.from('maru-operator:maru-operator-secret').toString('base64')}`

async function tokenFrom(url: string): Promise<string> {
  const answer = await fetch(`${url}/token`, {
    method: 'POST',
    headers: { authorization: basic },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'admin:auth' }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

async function kidsOf(url: string): Promise<string[]> {
  const answer = await fetch(`${url}/.well-known/jwks.json`)
  return ((await answer.json()) as { keys: { kid: string }[] }).keys.map((key) => key.kid)
}

const enter = async (door: string, token: string): Promise<number> =>
  (await fetch(door, { headers: { authorization: `Bearer ${token}` } })).status

const rotate = async (url: string, token: string): Promise<{ kid: string; usableFrom: string }> => {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${url}/keys/rotate`, { method: 'POST', headers })
  return (await answer.json()) as { kid: string; usableFrom: string }
}

test.serial(
  'a key is published before it signs, signs on all replicas at once, and goes when no token can carry it',
  async (t) => {
    const { urls, door, clock } = t.context
    const [one = '', two = ''] = urls
    const begin = clock.now
    const old = await tokenFrom(one)
    const { kid: oldKid } = decodeProtectedHeader(old)
    t.is(await enter(door, old), 200)

    const answers = await Promise.all(urls.flatMap((url) => [rotate(url, old), rotate(url, old)]))
    const [next] = answers
    t.is(new Set(answers.map((answer) => answer.kid)).size, 1, 'rotations at once make one key')
    t.is(Date.parse(next?.usableFrom ?? ''), begin + 120_000)
    for (const url of urls) while ((await kidsOf(url)).length < 2) await delay(50)

    // Two minutes lie between publishing and use; the verifier's cooldown is real time, so it alone is waited for.
    await delay(jwksCooldownMs)
    const used: (string | undefined)[] = []
    for (const seconds of [30, 60, 119, 121, 180, 600]) {
      clock.now = begin + seconds * 1000
      for (const url of urls) {
        const token = await tokenFrom(url)
        used.push(decodeProtectedHeader(token).kid)
        t.is(await enter(door, token), 200, `${seconds} s`)
      }
    }
    t.deepEqual(used, [...Array(6).fill(oldKid), ...Array(6).fill(next?.kid)])
    t.is(await enter(door, old), 200, 'a token of the old key is good until it expires')

    clock.now = begin + (120 + 2 * 900 - 1) * 1000
    t.true((await kidsOf(two)).includes(String(oldKid)))
    clock.now += 2000
    t.deepEqual(await kidsOf(one), [next?.kid])
    t.is(await enter(door, old), 401)
  },
)

test.serial('a restart keeps the keys', async (t) => {
  const { at, urls, clock } = t.context
  const third = await at.start(auth, start, {
    replica: 3,
    overrides: { clock: () => clock.now },
    env: issuer,
  })
  t.deepEqual((await kidsOf(third.url)).sort(), (await kidsOf(urls[0] ?? '')).sort())
})
