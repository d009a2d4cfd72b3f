import test, { type ExecutionContext } from 'ava'
import kafkajs from 'kafkajs'
import { testServers } from '../../infra/local/engines/testing.ts'
import type { Context } from './context.ts'
import { kafka, type Batch, type BatchConsumer } from './kafka.ts'
import { composed, order, placed, publisherOf, sender, shop, type Order } from './testing/shop.ts'
import { until } from './testing/until.ts'
import { bench, type Bench, type Servers } from './testing.ts'

let stopServers: () => Promise<void>
let servers: Servers

test.before(async () => {
  const started = await testServers('kafka', 'postgres')
  stopServers = started.stop
  servers = started.servers
})

test.after.always(() => stopServers?.())

/** A sender whose batches go to `consumer`, in a place of its own. */
async function consuming(t: ExecutionContext, consumer: BatchConsumer<Order>) {
  const where = await bench(shop, servers)
  t.teardown(() => where.stop())
  const publish = await publisherOf(where)
  const start = composed(async (context: Context<typeof sender>) => {
    await kafka(context).consume(sender.consumes[0], consumer)
  })
  return { where, publish, join: () => where.start(sender, start) }
}

test('a consumer gets every record once, in order per key, and commits', async (t) => {
  const seen: string[] = []
  const batches: Batch<Order>[] = []
  const { where, publish, join } = await consuming(t, {
    batch: async (batch) => {
      batches.push(batch)
      seen.push(...batch.records.map(({ value }) => value.id))
    },
  })
  for (let n = 0; n < 5; n += 1)
    await publish.publish(placed, { ...order('k'), value: { id: `k${n}`, amount: n } })
  await join()
  await where.drained()
  t.deepEqual(seen, ['k0', 'k1', 'k2', 'k3', 'k4'])
  const last = batches.at(-1)
  t.is(last?.nextOffset, last?.highWatermark)
  const { headers } = batches[0]?.records[0] ?? { headers: {} }
  t.like(headers, {
    ce_specversion: '1.0',
    ce_source: '/maru/seller',
    ce_type: 'shop.order.placed.v1',
    'content-type': 'application/json',
  })
})

test('records that cannot be read go to the dead letters with cause and original bytes; good ones pass', async (t) => {
  const seen: string[] = []
  const { where, publish, join } = await consuming(t, {
    batch: async ({ records }) => void seen.push(...records.map(({ value }) => value.id)),
  })
  const poison: [Buffer | null, string][] = [
    [Buffer.from('{"id":'), 'NOT_JSON'],
    [Buffer.alloc(0), 'NOT_JSON'],
    [null, 'NO_VALUE'],
    [Buffer.from([0x22, 0xff, 0x22]), 'NOT_UTF8'],
    [Buffer.from('\ufeff{}'), 'NOT_JSON'],
    [Buffer.from('{}'), 'NOT_VALID'],
    [Buffer.from('[]'), 'NOT_VALID'],
    [Buffer.from('{"id":1,"amount":"x"}'), 'NOT_VALID'],
  ]
  const key = Buffer.from([1, 0xff])
  for (const [value] of poison) {
    await publish.forward(placed, { key, value, headers: { origin: 'outside' } })
    await publish.publish(placed, order('good'))
  }
  await publish.forward(placed, { key: null, value: Buffer.from('no'), headers: {} })
  await join()
  await where.drained()
  t.is(seen.length, poison.length)
  const letters = await readLetters(where, poison.length + 1)
  const keyed = letters.filter((letter) => letter.key?.equals(key))
  t.deepEqual(
    keyed.map((letter) => letter.headers['x-error-class']),
    poison.map(([, code]) => code),
  )
  t.deepEqual(
    keyed.map(({ value }) => value),
    poison.map(([value]) => value),
  )
  t.like(keyed[0]?.headers, {
    origin: 'outside',
    'x-original-topic': 'shop.orders.v1',
    'x-attempts': '1',
  })
  t.regex(String(keyed[0]?.headers['x-original-offset']), /^\d+$/)
  t.regex(String(keyed[0]?.headers['x-first-failed-at']), /^\d{4}-/)
  t.is(letters.find((letter) => letter.key === null)?.headers['x-error-class'], 'NOT_JSON')
})

interface Letter {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: Record<string, string>
}

async function readLetters(where: Bench, count: number): Promise<Letter[]> {
  const client = new kafkajs.Kafka({
    brokers: [servers.kafka ?? ''],
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const reader = client.consumer({ groupId: `${where.prefix}letters` })
  const letters: Letter[] = []
  await reader.connect()
  await reader.subscribe({ topic: `${where.prefix}shop.orders.v1.dlq`, fromBeginning: true })
  await reader.run({
    eachMessage: async ({ message: { key, value, headers } }) => {
      const text = Object.entries(headers ?? {}).map(([name, one]) => [name, String(one)])
      letters.push({ key, value, headers: Object.fromEntries(text) as Record<string, string> })
    },
  })
  await until('dead letters', () => letters.length >= count)
  await reader.disconnect()
  return letters
}

test('while the dead letters cannot be written nothing is committed', async (t) => {
  const seen: string[] = []
  const { where, publish, join } = await consuming(t, {
    batch: async ({ records }) => void seen.push(...records.map(({ value }) => value.id)),
  })
  const client = new kafkajs.Kafka({
    brokers: [servers.kafka ?? ''],
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const admin = client.admin()
  await admin.connect()
  t.teardown(() => admin.disconnect())
  const { context } = await join()
  const dlq = `${where.prefix}shop.orders.v1.dlq`
  await admin.deleteTopics({ topics: [dlq] })
  await publish.forward(placed, { key: Buffer.from('k'), value: Buffer.from('no'), headers: {} })
  await publish.publish(placed, order('k'))
  const offsets = await kafka(context).offsets()
  await until('a failure', async () =>
    /kafka_batches_failed_total\{group="sender"\} [1-9]/.test(
      await context.meter.registry.metrics(),
    ),
  )
  t.is((await offsets.committed('sender', placed)).size, 0)
  t.deepEqual(seen, [])
  await admin.createTopics({ topics: [{ topic: dlq, numPartitions: 1 }] })
  await where.drained()
  t.deepEqual(seen, ['k'])
  t.is((await readLetters(where, 1)).length, 1)
})

test('a batch that fails comes again after a second while other partitions go on', async (t) => {
  const attempts: number[] = []
  const done = new Set<string>()
  let sick: number | undefined
  const { where, publish, join } = await consuming(t, {
    batch: async ({ partition, records }) => {
      sick ??= records.find(({ value }) => value.id === 'sick')?.partition
      if (partition === sick && attempts.push(performance.now()) < 3) throw new Error('not today')
      for (const { value } of records) done.add(value.id)
    },
  })
  await publish.publish(placed, order('sick'))
  await join()
  await until('the first failure', () => attempts.length === 1)
  const others = Array.from({ length: 30 }, (_, n) => publish.publish(placed, order(`o${n}`)))
  const elsewhere = (await Promise.all(others)).filter(({ partition }) => partition !== sick)
  await until('the other partitions', () => done.size >= elsewhere.length)
  t.false(done.has('sick'))
  await where.drained()
  t.is(done.size, 31)
  const [first = 0, second = 0, third = 0] = attempts
  t.true(second - first > 900 && third - second > 1800, String(attempts))
})

test('a consumer starts where startFrom says, before any record is processed', async (t) => {
  const first = new Map<number, bigint>()
  const { where, publish, join } = await consuming(t, {
    startFrom: async (partition) => {
      await new Promise((resolve) => setTimeout(resolve, 300))
      return partition === 0 ? { timestamp: Date.now() + 60_000 } : 2n
    },
    batch: async ({ partition, firstOffset }) => {
      if (!first.has(partition)) first.set(partition, firstOffset)
    },
  })
  for (let n = 0; n < 60; n += 1) await publish.publish(placed, order(`s${n}`))
  await join()
  await until('partitions 1 and 2', () => first.has(1) && first.has(2))
  t.is(first.get(1), 2n)
  t.is(first.get(2), 2n)
  t.false(first.has(0))
  await until('a new record of partition 0', async () => {
    await publish.publish(placed, order(`n${Math.random()}`))
    return first.has(0)
  })
  t.true((first.get(0) ?? 0n) > 10n)
  await where.drained()
})

test('a batch begins where it was asked for, whatever is no record there', async (t) => {
  const batches: Batch<Order>[] = []
  const { where, join } = await consuming(t, {
    startFrom: async (partition) => (partition === 1 ? 1n : { timestamp: Date.now() + 60_000 }),
    batch: async (batch) => void batches.push(batch),
  })
  const client = new kafkajs.Kafka({ brokers: [servers.kafka ?? ''], logLevel: 0 })
  const producer = client.producer({ transactionalId: where.prefix, maxInFlightRequests: 1 })
  await producer.connect()
  t.teardown(() => producer.disconnect())
  // Each transaction ends in a mark, which has an offset and is no record.
  for (const id of ['before', 'after']) {
    const transaction = await producer.transaction()
    const value = JSON.stringify(order(id).value)
    await transaction.send({
      topic: where.prefix + placed.name,
      messages: [{ partition: 1, value }],
    })
    await transaction.commit()
  }
  await join()
  await until('the record behind the mark', () => batches.length > 0)
  t.is(batches[0]?.firstOffset, 1n)
  t.deepEqual(
    batches[0]?.records.map(({ offset }) => offset),
    [2n],
  )
})

test('a handler may send its consumer back', async (t) => {
  const offsets: bigint[] = []
  let sentBack = false
  const { where, publish, join } = await consuming(t, {
    batch: async ({ records }) => {
      offsets.push(...records.map(({ offset }) => offset))
      if (sentBack || offsets.length < 4) return
      sentBack = true
      return { seek: 1n }
    },
  })
  for (let n = 0; n < 4; n += 1) await publish.publish(placed, order('same'))
  await join()
  await until('the second reading', () => offsets.length >= 7)
  t.deepEqual(offsets.slice(-3), [1n, 2n, 3n])
  await where.drained()
})

test('two members share the partitions, and one takes over when the other leaves', async (t) => {
  const seen = new Set<string>()
  const { where, publish, join } = await consuming(t, {
    batch: async ({ records }) => {
      for (const { value } of records) seen.add(value.id)
    },
  })
  await join()
  const other = await join()
  await until('readiness', async () =>
    Object.values(await other.context.life.checks()).every((one) => one === 'ok'),
  )
  for (let n = 0; n < 50; n += 1) await publish.publish(placed, order(`r${n}`))
  await other.stop()
  for (let n = 50; n < 100; n += 1) await publish.publish(placed, order(`r${n}`))
  await where.drained()
  t.is(seen.size, 100)
})

test('what keeps coming is fetched together, and nothing waits that comes alone', async (t) => {
  const gatherMs = 400
  const batches: { at: number; count: number }[] = []
  const { where, publish, join } = await consuming(t, {
    gatherMs,
    batch: async ({ records }) =>
      void batches.push({ at: performance.now(), count: records.length }),
  })
  await join()
  await publish.publish(placed, order('k'))
  await where.drained()
  batches.length = 0
  const began = performance.now()
  const sent = 100
  for (let n = 0; n < sent; n += 1) {
    await publish.publish(placed, order('k'))
    if (n === 0) await until('the first batch', () => batches.length === 1)
  }
  const elapsedMs = performance.now() - began
  await where.drained()
  t.is(
    batches.reduce((sum, { count }) => sum + count, 0),
    sent,
  )
  t.is(batches[0]?.count, 1)
  t.true((batches[0]?.at ?? Infinity) - began < elapsedMs)
  // One batch when it begins, one for each time that has passed, one for the rest.
  t.true(batches.length <= 2 + elapsedMs / gatherMs, `${batches.length} in ${elapsedMs} ms`)
})

test('a backlog is read on at once, however long is gathered', async (t) => {
  const gatherMs = 5000
  let seen = 0
  const { publish, join } = await consuming(t, {
    gatherMs,
    batch: async ({ records }) => void (seen += records.length),
  })
  // Several times what one fetch takes.
  const padded = { ...order('k'), key: 'k', value: { id: 'x'.repeat(400_000), amount: 1 } }
  const sent = 12
  for (let n = 0; n < sent; n += 1) await publish.publish(placed, padded)
  await join()
  const began = performance.now()
  await until('all of it', () => seen === sent)
  t.true(performance.now() - began < gatherMs)
})

test('a trace runs from the producer through the batch to each message', async (t) => {
  const { where, publish, join } = await consuming(t, { batch: async () => undefined })
  const { tracer } = (await join()).context
  const span = tracer.startSpan('request')
  const { traceId, spanId } = span.spanContext()
  await publish.publish(placed, { ...order('traced'), traceparent: `00-${traceId}-${spanId}-01` })
  await where.drained()
  await until('spans', () => where.spans().some(({ name }) => name === 'batch shop.orders.v1'))
  const named = (name: string) => where.spans().find((one) => one.name === name)
  const [send, process, batch] = ['send', 'process', 'batch'].map((what) =>
    named(`${what} shop.orders.v1`),
  )
  t.is(send?.parentSpanContext?.spanId, spanId)
  t.is(process?.parentSpanContext?.spanId, send?.spanContext().spanId)
  t.is(process?.spanContext().traceId, traceId)
  t.is(process?.links[0]?.context.spanId, batch?.spanContext().spanId)
  t.is(batch?.parentSpanContext, undefined)
  t.is(typeof send?.attributes['messaging.kafka.offset'], 'number')
  t.is(process?.resource.attributes['service.name'], 'sender')
})

test('a batch without a sampled message leaves no span', async (t) => {
  const { where, publish, join } = await consuming(t, { batch: async () => undefined })
  await publish.publish(placed, {
    ...order('quiet'),
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`,
  })
  await join()
  await where.drained()
  t.deepEqual(
    where.spans().filter(({ name }) => name.endsWith('shop.orders.v1')),
    [],
  )
})

test('the consumer counts the edge from the producing service', async (t) => {
  const { where, publish, join } = await consuming(t, { batch: async () => undefined })
  await publish.publish(placed, order('edge'))
  const { context } = await join()
  await where.drained()
  const text = await context.meter.registry.metrics()
  t.regex(
    text,
    /traces_service_graph_request_total\{client="seller",server="sender",connection_type="messaging_system"\} 1/,
  )
})
