import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { z } from 'zod'
import { spanOf } from '../trace/testing.ts'
import { openGateway } from '../front-door.ts'
import { rankingLines, runFrom } from './ranking.ts'
import { marked } from './searches.ts'
import { missingFrom, stories } from './stories.ts'
import { titlesIn } from './titles.ts'
import { waitFor } from './wait.ts'

const plain = (_: string, text: string): string => text
const client = { id: 'me', secret: 'hush', scopes: ['read:rank'] }

test('a run covers one whole window and ends with it, whenever it begins', (t) => {
  for (const now of [0, 1, 4_999, 9_999, 10_000]) {
    const { seconds, windowEndMs } = runFrom(now, 200)
    t.true(windowEndMs - 10_000 >= now && seconds * 1000 >= windowEndMs - now, String(now))
    t.true(seconds >= 10 && seconds <= 20, String(seconds))
  }
})

test('highlights are shown as text, what matched in brackets where there are no colours', (t) => {
  t.is(marked('<em>레벨</em>업 &amp; &lt;b&gt;', plain), '[레벨]업 & <b>')
  t.is(
    marked('<em>여신</em>', (_, text) => `*${text}*`),
    '*여신*',
  )
})

test('a ranking has titles and bars in proportion', (t) => {
  const ranking = [
    { contentId: 'w-001', count: 20, views: 18, likes: 2 },
    { contentId: 'w-404', count: 10, views: 10, likes: 0 },
  ]
  const [first, second] = rankingLines(ranking, new Map([['w-001', '미생']]), plain)
  t.regex(first ?? '', /^ 1 {2}미생 {3}█{24} +20 {2}18 views, 2 likes$/)
  t.regex(second ?? '', /^ 2 {2}w-404 {2}█{12} +10 {2}10 views/)
})

test('what a trace does not show of a story is named', (t) => {
  const whole = stories.event.expected.map((one, at) =>
    spanOf(String(at), {
      service: one.service,
      kind: one.kind,
      attributes: {
        'messaging.destination.name': 'events.page_view.v1',
        'db.system.name': 'redis',
      },
    }),
  )
  t.deepEqual(missingFrom(whole, stories.event), [])
  t.deepEqual(missingFrom(whole.slice(0, 3), stories.event), [
    'rank processing events.page_view.v1 into redis',
  ])
})

test('the product has 73 titles with ids of their own', (t) => {
  const titles = titlesIn(
    new URL('../../../services/webtoon/titles.ndjson', import.meta.url).pathname,
  )
  t.is(new Set(titles.map(({ id }) => id)).size, 73)
})

test('a request waits as long as a 429 says, and then goes through', async (t) => {
  let asked = 0
  const url = await served(t, (request, response) => {
    if (request.url === '/token') return void response.end('{"access_token":"abc"}')
    asked += 1
    if (asked === 1) return void response.writeHead(429, { 'retry-after': '1' }).end()
    response.end(JSON.stringify({ was: request.headers.authorization }))
  })
  const began = performance.now()
  const gateway = await openGateway(url, client)
  const { body } = await gateway.send('POST /x', {
    body: {},
    schema: z.object({ was: z.string() }),
  })
  t.deepEqual(body, { was: 'Bearer abc' })
  t.true(performance.now() - began >= 990)
})

test('a write is not repeated after a 503, and the error holds the answer', async (t) => {
  let asked = 0
  const url = await served(t, (request, response) => {
    if (request.url === '/token') return void response.end('{"access_token":"abc"}')
    asked += 1
    response.writeHead(503, { 'retry-after': '1' }).end('{"code":"TIMEOUT"}')
  })
  const gateway = await openGateway(url, client)
  const error = await t.throwsAsync(gateway.send('POST /x', { body: {}, schema: z.unknown() }))
  t.regex(error?.message ?? '', /POST .*\/x answered 503: .*TIMEOUT/)
  t.is(asked, 1)
})

test('a gateway that is not there is said so, and a wait ends with its reason', async (t) => {
  const away = await t.throwsAsync(openGateway('http://127.0.0.1:1', client))
  t.regex(away?.message ?? '', /was not answered .*\.\/maru ps/)
  const wait = { deadlineMs: 20, everyMs: 5, reason: () => 'the kettle is cold' }
  const late = await t.throwsAsync(waitFor(() => Promise.resolve(undefined), wait))
  t.is(late?.message, 'not within 0.02 s: the kettle is cold')
})

/** A gateway of a test's own. @returns its URL */
async function served(t: ExecutionContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
