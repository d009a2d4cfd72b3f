import anyTest, { type TestFn } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { readRank } from '../../webtoon/scopes.ts'
import { front, get, type Echo, type Front } from './testing.ts'

const test = anyTest as TestFn<Front>

test.before(async (t) => {
  t.context = await front(await testServers('redis'))
})
test.after.always((t) => t.context.stop?.())

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

test.serial(
  'the limit is counted per subject or address, over all instances, and says when to come again',
  async (t) => {
    const { at, another, url } = t.context
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
