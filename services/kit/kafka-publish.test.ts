import test from 'ava'
import kafkajs from 'kafkajs'
import { testServers } from '../../infra/local/engines/testing.ts'
import { PublishError, type Publisher } from './kafka.ts'
import { missing, order, placed, publisherOf, shop, type Order } from './testing/shop.ts'
import { bench, type Bench, type Servers } from './testing.ts'

let place: Bench
let stopServers: () => Promise<void>
let servers: Servers
let publisher: Publisher

test.before(async () => {
  const started = await testServers('kafka', 'postgres')
  stopServers = started.stop
  servers = started.servers
  place = await bench(shop, servers)
  publisher = await publisherOf(place)
})

test.after.always(async () => {
  await place?.stop()
  await stopServers?.()
})

test('messages published at once share requests and each learns its own offset', async (t) => {
  const many = Array.from({ length: 3000 }, (_, n) => order(`a${n}`))
  const alone = await timed(async () => {
    for (let n = 0; n < 30; n += 1) await publisher.publish(placed, order(`first${n}`))
  })
  let all: Awaited<ReturnType<Publisher['publish']>>[] = []
  const together = await timed(async () => {
    all = await Promise.all(many.map((one) => publisher.publish(placed, one)))
  })
  const distinct = new Set(all.map(({ partition, offset }) => `${partition}/${offset}`))
  t.is(distinct.size, 3000)
  t.true(all.every(({ offset }) => offset >= 0n))
  const share = together / many.length / (alone / 30)
  t.true(share < 0.2, `a message among many took ${share.toFixed(2)} of one alone`)
})

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

test('a message that is too large fails alone', async (t) => {
  const big = order('big', { note: 'x'.repeat(2_000_000) })
  const results = await Promise.allSettled([
    publisher.publish(placed, order('before')),
    publisher.publish(placed, big),
    publisher.publish(placed, order('after')),
  ])
  t.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  )
  const [, refused] = results
  t.like((refused as PromiseRejectedResult).reason, { code: 'TOO_LARGE', retriable: false })
})

test('a message that the broker refuses is found in its batch; the others are acknowledged', async (t) => {
  const where = await bench(shop, servers)
  t.teardown(() => where.stop())
  const publish = await publisherOf(where)
  await limitMessages(`${where.prefix}shop.orders.v1`, 3000)
  const fine = Array.from({ length: 20 }, (_, n) => order(`f${n}`, { note: 'x'.repeat(500) }))
  const wrong = order('wrong', { note: 'x'.repeat(5000) })
  const all = [...fine.slice(0, 10), wrong, ...fine.slice(10)].map((one) =>
    publish.publish(placed, one),
  )
  const results = await Promise.allSettled(all)
  const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  t.deepEqual(
    failed.map((error: PublishError) => error.code),
    ['TOO_LARGE'],
  )
  t.is((await publish.publish(placed, order('later'))).offset >= 0n, true)
})

async function limitMessages(name: string, bytes: number): Promise<void> {
  const client = new kafkajs.Kafka({
    brokers: [servers.kafka ?? ''],
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const admin = client.admin()
  await admin.connect()
  const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }]
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries }],
  })
  await admin.disconnect()
}

test('a topic that the broker does not have refuses its own messages only', async (t) => {
  const [error] = await Promise.all([
    t.throwsAsync(publisher.publish(missing, order('nowhere')), { instanceOf: PublishError }),
    publisher.publish(placed, order('somewhere')),
  ])
  t.like(error, { code: 'REFUSED', retriable: false })
})

test('a value that is not serialisable is refused', async (t) => {
  const value = { id: 'n', amount: 1n } as unknown as Order
  const error = await t.throwsAsync(publisher.publish(placed, { key: 'n', value }))
  t.is((error as PublishError).code, 'REFUSED')
})

test('who stops waiting is told that the outcome is unknown', async (t) => {
  const error = await t.throwsAsync(
    publisher.publish(placed, { ...order('late'), signal: AbortSignal.abort() }),
  )
  t.is((error as PublishError).code, 'TIMEOUT')
})
