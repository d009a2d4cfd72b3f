import { setTimeout as delay } from 'node:timers/promises'
import anyTest, { type TestFn } from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { refusedAsFull, refusedFor } from '../../kit/proxy-status.ts'
import { until } from '../../kit/testing/until.ts'
import { gatewayTo } from './start.ts'
import gateway from './service.ts'
import { echoing, front, fronted, upstream, type Behaviour, type Front } from './testing.ts'

const test = anyTest as TestFn<Front>

test.before(async (t) => {
  t.context = await front(await testServers('redis'))
})
test.after.always((t) => t.context.stop?.())
test.afterEach.always((t) => t.context.behind.behave(echoing))

const status =
  (code: number): Behaviour =>
  (_, response) =>
    void response.writeHead(code, { 'content-type': 'text/plain' }).end(`said ${code}`)
const hang: Behaviour = () => undefined
const reset: Behaviour = (request) => void request.socket.resetAndDestroy()

/** The first request gets one behaviour, the later ones another. */
function once(first: Behaviour, then: Behaviour): Behaviour {
  let left = 1
  return (request, response) => (left-- > 0 ? first : then)(request, response)
}

const asked = async (front: Front, work: () => Promise<unknown>): Promise<number> => {
  const before = front.behind.seen.length
  await work()
  return front.behind.seen.length - before
}
const read = ({ url, reader }: Front, path = '/echo/hello') =>
  fetch(url + path, { headers: reader })
const write = ({ url, writer }: Front, path = '/echo/items') =>
  fetch(url + path, { method: 'POST', headers: writer, body: '1' })

test.serial(
  'a GET is repeated after 502, 503, 504 and resets; other answers pass as they are',
  async (t) => {
    for (const first of [status(502), status(503), status(504), reset]) {
      t.context.behind.behave(once(first, echoing))
      t.is(await asked(t.context, async () => t.is((await read(t.context)).status, 200)), 2)
    }
    for (const code of [500, 501, 404, 429]) {
      t.context.behind.behave(status(code))
      const count = await asked(t.context, async () => {
        const answer = await read(t.context)
        t.is(answer.status, code)
        t.is(await answer.text(), `said ${code}`)
      })
      t.is(count, 1)
    }
  },
)

test.serial('a POST is sent once, whatever happens to it', async (t) => {
  for (const [first, expected] of [
    [status(503), 503],
    [reset, 503],
    [hang, 503],
  ] as const) {
    t.context.behind.behave(once(first, echoing))
    t.is(await asked(t.context, async () => t.is((await write(t.context)).status, expected)), 1)
  }
})

test.serial('the last answer of an upstream that stays bad is passed on', async (t) => {
  t.context.behind.behave(status(503))
  const count = await asked(t.context, async () => {
    const answer = await read(t.context)
    t.is(answer.status, 503)
    t.is(await answer.text(), 'said 503')
  })
  t.is(count, 3)
})

test.serial(
  'an upstream that hangs costs the time limit and no more, also for a POST',
  async (t) => {
    t.context.behind.behave(hang)
    for (const ask of [read, write]) {
      const startedAt = performance.now()
      const answer = await ask(t.context)
      t.is(answer.status, 503)
      t.true(performance.now() - startedAt < 1500)
      t.is(answer.headers.get('retry-after'), '1')
      t.truthy(answer.headers.get('x-request-id'))
      t.truthy(answer.headers.get('x-response-time-ms'))
      t.like(await answer.json(), {
        status: 503,
        error: 'Service Unavailable',
        code: 'TIMEOUT',
        service: 'echo',
        requestId: answer.headers.get('x-request-id'),
      })
    }
    await until('both attempts are cut', () => t.context.behind.cut.length >= 2)
    t.true(await t.context.metric(/gateway_fallback_total\{route="echo",reason="timeout"\} [2-9]/))
  },
)

test.serial(
  'an upstream that breaks off in the middle cuts the client, and nothing else falls',
  async (t) => {
    t.context.behind.behave((_, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('half')
      setTimeout(() => response.socket?.resetAndDestroy(), 20)
    })
    const answer = await read(t.context)
    t.is(answer.status, 200)
    await t.throwsAsync(answer.text())
    t.context.behind.behave((_, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('stall')
    })
    await t.throwsAsync(async () => (await read(t.context)).text())
    t.context.behind.behave(echoing)
    t.is((await read(t.context)).status, 200)
  },
)

test.serial('nonsense from an upstream is a fallback, not a crash', async (t) => {
  for (const nonsense of [
    'not http at all\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n',
  ]) {
    t.context.behind.behave((request) => void request.socket.end(nonsense))
    t.is((await write(t.context)).status, 503, nonsense)
  }
  t.context.behind.behave((_, response) => {
    response.writeProcessing()
    response.writeEarlyHints({ link: '</x>; rel=preload' })
    response.end('late')
  })
  t.is(await (await read(t.context)).text(), 'late')
})

test.serial(
  'a client that goes away cancels the request upstream and fails nobody’s breaker',
  async (t) => {
    t.context.behind.behave(hang)
    const cutBefore = t.context.behind.cut.length
    const abort = new AbortController()
    const going = fetch(`${t.context.url}/frail/hang`, {
      headers: t.context.reader,
      signal: abort.signal,
    })
    const seen = t.context.behind.seen.length
    await until('the request arrives', () => t.context.behind.seen.length > seen)
    abort.abort()
    await t.throwsAsync(going)
    await until('the request is cut', () => t.context.behind.cut.length > cutBefore)
    t.true(
      await t.context.metric(/circuit_breaker_calls_total\{name="frailCb",outcome="failure"\} 0/),
    )
    await until('the count', () => t.context.metric(/uri="\/frail\/:way",status="499"/))
  },
)

test.serial('a large answer arrives whole through a client that reads slowly', async (t) => {
  const size = 8 * 1024 * 1024
  t.context.behind.behave((_, response) => void response.end(Buffer.alloc(size, 'x')))
  const answer = await read(t.context)
  const reader = answer.body?.getReader()
  let received = (await reader?.read())?.value?.length ?? 0
  await delay(600) // longer than the time limit: the client's own slowness is not the upstream's
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read())
    received += part.value.length
  t.is(received, size)
})

test.serial('retries are a tenth of the traffic at most', async (t) => {
  t.context.behind.behave(status(503))
  const count = await asked(t.context, async () => {
    for (let n = 0; n < 100; n += 1) await (await read(t.context)).text()
  })
  t.true(count <= 121, `${count} requests for 100`)
})

test.serial(
  'the breaker opens on 5xx, answers with the fallback and closes again after trials',
  async (t) => {
    const { behind, metric } = t.context
    behind.behave(status(500))
    for (let n = 0; n < 10; n += 1) t.is((await read(t.context, '/frail/500')).status, 500)
    const asking = await asked(t.context, async () => {
      for (const answer of [
        await read(t.context, '/frail/x'),
        await write(t.context, '/frail/x'),
      ]) {
        t.is(answer.status, 503)
        t.is(answer.headers.get('retry-after'), '1')
        t.regex(answer.headers.get('proxy-status') ?? '', /^gateway; error=destination_unavailable/)
        t.like(await answer.json(), { code: 'BREAKER_OPEN', service: 'frail', path: '/frail/x' })
      }
    })
    t.is(asking, 0)
    t.true(await metric(/circuit_breaker_state\{name="frailCb",state="open"\} 1/))
    behind.behave(echoing)
    await delay(450)
    for (let n = 0; n < 5; n += 1) t.is((await read(t.context, '/frail/fine')).status, 200)
    t.true(await metric(/circuit_breaker_state\{name="frailCb",state="closed"\} 1/))
    t.is((await read(t.context, '/echo/hello')).status, 200)
  },
)

const refusals = {
  'a service that leaves somebody else alone is not left alone itself': refusedFor('frail', 'bank'),
  'nor is one that works on as much as it can': refusedAsFull('frail'),
}
for (const [title, headers] of Object.entries(refusals))
  test.serial(title, async (t) => {
    const { behind, metric } = t.context
    behind.behave(
      (_, response) => void response.writeHead(503, { 'retry-after': '9', ...headers }).end('no'),
    )
    const count = await asked(t.context, async () => {
      for (let n = 0; n < 60; n += 1) {
        const answer = await write(t.context, '/frail/x')
        t.is(await answer.text(), 'no')
        t.is(answer.headers.get('retry-after'), '9')
      }
    })
    t.is(count, 60)
    t.true(await metric(/circuit_breaker_state\{name="frailCb",state="closed"\} 1/))
    t.true(await metric(/circuit_breaker_failure_rate\{name="frailCb"\} 0/))
  })

test.serial('4xx answers never open the breaker, slow ones do', async (t) => {
  const { behind, metric } = t.context
  behind.behave(status(404))
  for (let n = 0; n < 60; n += 1) await (await read(t.context, '/frail/404')).text()
  t.true(await metric(/circuit_breaker_state\{name="frailCb",state="closed"\} 1/))
  behind.behave((request, response) => void setTimeout(() => echoing(request, response), 260))
  await Promise.all(
    Array.from({ length: 30 }, async () => (await read(t.context, '/frail/slow')).text()),
  )
  t.true(await metric(/circuit_breaker_state\{name="frailCb",state="open"\} 1/))
  behind.behave(echoing)
})

test.serial('a replica that refuses connections is passed over, also for a POST', async (t) => {
  const spare = await upstream()
  const dead = 'http://127.0.0.1:9'
  const two = await t.context.another({
    replica: 3,
    env: { SERVICE_ECHO_URL: `${dead},${spare.url}` },
  })
  const there = { ...t.context, url: two.url }
  for (let n = 0; n < 6; n += 1) {
    t.is((await write(there)).status, 200)
    t.is((await read(there)).status, 200)
  }
  t.is(spare.seen.length, 12)
  await spare.stop()
  const none = await write(there)
  t.is(none.status, 503)
  t.like(await none.json(), { code: 'UPSTREAM_UNAVAILABLE', service: 'echo' })
})

test.serial('a replica that says goodbye is left alone, and asked where all do', async (t) => {
  const [going, staying] = [await upstream(), await upstream()]
  const goodbye: Behaviour = (request, response) => {
    response.shouldKeepAlive = false
    void echoing(request, response)
  }
  going.behave(goodbye)
  const two = await t.context.another({
    replica: 5,
    env: { SERVICE_ECHO_URL: `${going.url},${staying.url}` },
  })
  const there = { ...t.context, url: two.url }
  for (let n = 0; n < 10; n += 1) t.is((await write(there)).status, 200)
  t.is(going.seen.length, 1)
  t.is(staying.seen.length, 9)
  staying.behave(goodbye)
  for (let n = 0; n < 4; n += 1) t.is((await write(there)).status, 200)
  // The one that said it longest ago is the first that may be back.
  t.is(going.seen.length, 3)
  await going.stop()
  await staying.stop()
})

test.serial(
  'a connection that nobody used for a second is closed before its server does it',
  async (t) => {
    const one = await upstream()
    let closed = 0
    one.behave((request, response) => {
      request.socket.once('close', () => (closed += 1))
      void echoing(request, response)
    })
    const alone = await t.context.another({ replica: 6, env: { SERVICE_ECHO_URL: one.url } })
    t.is((await read({ ...t.context, url: alone.url })).status, 200)
    await until('it is closed', () => closed > 0, 2000)
    await one.stop()
  },
)

test.serial('a replica that hangs is left alone, and readers hardly notice', async (t) => {
  const [hung, well] = [await upstream(), await upstream()]
  hung.behave(hang)
  const two = await t.context.another({
    replica: 4,
    env: { SERVICE_ECHO_URL: `${hung.url},${well.url}` },
  })
  const there = { ...t.context, url: two.url }
  const [reads, writes] = [[] as number[], [] as number[]]
  for (let n = 0; n < 20; n += 1) {
    reads.push((await read(there)).status)
    writes.push((await write(there)).status)
  }
  t.deepEqual([...new Set(reads)], [200])
  // A write is never sent twice: the one that met the hung replica is lost to its client.
  t.true(writes.filter((one) => one !== 200).length <= 1, writes.join(' '))
  t.true(hung.seen.length <= 3, `${hung.seen.length} requests went to the hung one`)
  hung.behave(echoing)
  const before = hung.seen.length
  await until('it is asked again', async () => {
    await read(there)
    return hung.seen.length > before + 1
  })
  await hung.stop()
  await well.stop()
})

test.serial('a gateway without the URL of a service does not start and says which', async (t) => {
  const error = await t.throwsAsync(
    t.context.at.start(gateway, gatewayTo(fronted), { env: { SERVICE_TIGHT_URL: 'nonsense' } }),
  )
  t.regex(error.message, /SERVICE_TIGHT_URL/)
})
