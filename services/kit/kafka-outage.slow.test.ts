import test from 'ava'
import kafkajs from 'kafkajs'
import {
  addressOf,
  ownServer,
  testServers,
  type OwnServer,
} from '../../infra/local/engines/testing.ts'
import type { Context } from './context.ts'
import { kafka, type PublishError, type Publisher } from './kafka.ts'
import { connect } from './kafka/client.ts'
import { openLane } from './kafka/lane.ts'
import { kafkaWire } from './testing/kafka-wire.ts'
import { composed, placed, seller, sender, shop } from './testing/shop.ts'
import { until } from './testing/until.ts'
import { bench, type Bench, type Servers } from './testing.ts'

let broker: OwnServer
let servers: Servers
let stopServers: () => Promise<void>

test.before(async () => {
  const [started, own] = await Promise.all([testServers('postgres'), ownServer('kafka')])
  broker = own
  stopServers = started.stop
  servers = { ...started.servers, ...addressOf('kafka', own) }
})

test.after.always(async () => {
  await stopServers?.()
  await broker?.stop()
})

interface Wire {
  readonly where: Bench
  readonly publisher: Publisher
  readonly got: string[]
  readonly checks: () => Promise<Readonly<Record<string, string>>>
}

async function wire(consumed: boolean): Promise<Wire> {
  const where = await bench(shop, servers)
  const got: string[] = []
  let publisher: Publisher | undefined
  const sell = composed(async (context: Context<typeof seller>) => {
    publisher = await kafka(context).publisher()
  })
  let { context } = (await where.start(seller, sell)) as { context: Context }
  const send = composed(async (of: Context<typeof sender>) => {
    await kafka(of).consume(sender.consumes[0], {
      batch: async ({ records }) => void got.push(...records.map(({ value }) => value.id)),
    })
  })
  if (consumed) ({ context } = await where.start(sender, send))
  return {
    where,
    got,
    publisher: publisher as unknown as Publisher,
    checks: () => context.life.checks(),
  }
}

const order = (id: string) => ({ key: 'one-partition', value: { id, amount: 1 } })
const ready = async ({ checks }: Wire): Promise<boolean> =>
  Object.values(await checks()).every((one) => one === 'ok')

test.serial('the very first group of a fresh broker gets its records', async (t) => {
  const one = await wire(true)
  t.teardown(() => one.where.stop())
  await one.publisher.publish(placed, order('first'))
  await until('the record', () => one.got.length === 1, 30_000)
  t.true(await ready(one))
})

test.serial(
  'a broker that was killed is found again within ten seconds of its return',
  async (t) => {
    const one = await wire(true)
    t.teardown(() => one.where.stop())
    await until('readiness', () => ready(one))
    await broker.crash()
    const refused = await t.throwsAsync(one.publisher.publish(placed, order('down')))
    t.true((refused as PublishError).retriable)
    await until('unreadiness', async () => !(await ready(one)))
    await broker.restart()
    const startedAt = performance.now()
    await until('publishing', () =>
      one.publisher.publish(placed, order('up')).then(
        () => true,
        () => false,
      ),
    )
    await until('the record', () => one.got.includes('up'))
    t.true(performance.now() - startedAt < 10_000)
    await until('readiness', () => ready(one))
  },
)

test.serial(
  'what follows a message whose reply was lost is not taken for its repetition',
  async (t) => {
    const { where } = await wire(false)
    const proxy = await kafkaWire(broker.port)
    const at = { bootstrap: `127.0.0.1:${proxy.port}`, prefix: where.prefix, clientId: 'wired' }
    const lane = openLane(connect(at), placed)
    t.teardown(async () => {
      await lane.close()
      await proxy.close()
      await where.stop()
    })
    const send = (id: string) =>
      lane.send({ key: 'k', value: Buffer.from(JSON.stringify({ id })), headers: {} })
    await send('before')
    proxy.cutRepliesAfter('unknown')
    t.true(((await t.throwsAsync(send('unknown'))) as PublishError).retriable)
    proxy.mend()
    await send('next')
    const log = await readLog(`${where.prefix}${placed.name}`)
    t.deepEqual(log, ['before', 'unknown', 'next'])
  },
)

test.serial(
  'a publisher whose broker hangs refuses what it cannot hold, and its caller decides how long to wait',
  async (t) => {
    const one = await wire(false)
    t.teardown(async () => {
      broker.kill('SIGCONT')
      await one.where.stop()
    })
    await one.publisher.publish(placed, order('zero'))
    broker.kill('SIGSTOP')
    const startedAt = performance.now()
    const late = await t.throwsAsync(
      one.publisher.publish(placed, { ...order('late'), signal: AbortSignal.timeout(200) }),
    )
    t.is((late as PublishError).code, 'TIMEOUT')
    t.true(performance.now() - startedAt < 1000)
    const many = Array.from({ length: 21_000 }, (_, n) =>
      one.publisher.publish(placed, order(`m${n}`)),
    )
    const codes = (await Promise.allSettled(many.slice(-10))).map((result) =>
      result.status === 'rejected' ? (result.reason as PublishError).code : 'fulfilled',
    )
    t.true(
      codes.every((code) => code === 'OVERLOADED'),
      codes.join(),
    )
    void Promise.allSettled(many)
  },
)

async function readLog(topic: string): Promise<string[]> {
  const client = new kafkajs.Kafka({
    brokers: [servers.kafka ?? ''],
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const reader = client.consumer({ groupId: `${topic}-reader` })
  const log: string[] = []
  await reader.connect()
  await reader.subscribe({ topic, fromBeginning: true })
  await reader.run({
    eachMessage: async ({ message }) => {
      log.push((JSON.parse(String(message.value)) as { id: string }).id)
    },
  })
  await until('the log', () => log.length >= 3, 8000).catch(() => undefined)
  await reader.disconnect()
  return log
}
