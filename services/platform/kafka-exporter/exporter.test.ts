import test from 'ava'
import { request } from 'undici'
import { addressOf, ownServer, type OwnServer } from '../../../infra/local/engines/testing.ts'
import type { Running } from '../../kit/boot.ts'
import { kafka } from '../../kit/kafka.ts'
import { composed } from '../../kit/testing/shop.ts'
import { until } from '../../kit/testing/until.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import ingest from '../../webtoon/ingest/service.ts'
import rank from '../../webtoon/rank/service.ts'
import { pageView, type PageViewEvent } from '../../webtoon/topics.ts'
import { lagOf } from './lag.ts'
import service from './service.ts'
import { start } from './start.ts'

let broker: OwnServer
let place: Bench
let exporter: Running

test.before(async () => {
  broker = await ownServer('kafka')
  place = await bench(topology, addressOf('kafka', broker))
  exporter = await place.start(service, start)
})

test.after.always(async () => {
  await place?.stop()
  await broker?.stop()
})

/** Publishes events whose titles spread over the partitions. */
async function publish(count: number): Promise<void> {
  const running = await place.start(
    ingest,
    composed(async (context) => {
      const publisher = await kafka(context).publisher()
      const event = (n: number): PageViewEvent => ({
        eventId: `e-${n}`,
        contentId: `w-${n}`,
        ts: Date.now(),
        props: { action: 'view' },
      })
      const all = Array.from({ length: count }, (_, n) => event(n))
      await Promise.all(
        all.map((value) => publisher.publish(pageView, { key: value.contentId, value })),
      )
    }),
  )
  await running.stop()
}

/** Consumes as rank does, until `count` records have come, and leaves. */
async function consumeAll(count: number): Promise<void> {
  let seen = 0
  const [views] = rank.consumes
  const reads = composed(async (context) => {
    await kafka(context).consume(views, {
      batch: async ({ records }) => void (seen += records.length),
    })
  })
  const running = await place.start({ ...rank, stores: [] }, reads)
  await until('all are consumed', () => seen >= count)
  await running.stop()
}

async function page(path: string): Promise<{ status: number; text: string }> {
  const reply = await request(exporter.admin + path)
  return { status: reply.statusCode, text: await reply.body.text() }
}

/** Values of a metric's series that have these labels, as Prometheus would read them. */
async function series(name: string, labels = ''): Promise<number[]> {
  const lines = (await page('/metrics')).text.split('\n')
  return lines
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => line.includes(labels))
    .map((line) => Number(line.split(' ').at(-1)))
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0)
const views = `topic="${pageView.name}"`
const lag = async () => sum(await series('kafka_consumergroup_lag', 'group="rank-service"'))

test.serial(
  'every declared topic is exported with its partitions, without the prefix',
  async (t) => {
    await until('the first reading', async () => (await series('kafka_exporter_up'))[0] === 1)
    for (const { name, partitions } of topology.topics) {
      t.deepEqual(await series('kafka_topic_partitions', `topic="${name}"`), [partitions])
      t.is(
        (await series('kafka_topic_partition_current_offset', `topic="${name}"`)).length,
        partitions,
      )
    }
    t.false((await page('/metrics')).text.includes(place.prefix))
    t.is((await page('/readyz')).status, 200)
  },
)

test.serial(
  'the lag is what a group has left unread, from the first record to the last',
  async (t) => {
    await publish(500)
    await until('all 500 are behind', async () => (await lag()) === 500)
    t.is(sum(await series('kafka_topic_partition_current_offset', views)), 500)
    t.is((await series('kafka_consumergroup_current_offset', views)).length, 0)
    await consumeAll(500)
    await until('nothing is behind', async () => (await lag()) === 0)
    t.is(sum(await series('kafka_consumergroup_current_offset', views)), 500)
    await publish(120)
    await until('120 are behind', async () => (await lag()) === 120)
  },
)

test.serial(
  'while Kafka is away it says so, exports no old figures, and comes back by itself',
  async (t) => {
    await broker.crash()
    await until('it is told', async () => (await series('kafka_exporter_up'))[0] === 0)
    t.deepEqual(await series('kafka_consumergroup_lag'), [])
    const ready = await page('/readyz')
    t.is(ready.status, 503)
    t.not((JSON.parse(ready.text) as { checks: { offsets: string } }).checks.offsets, 'ok')
    t.is((await page('/livez')).status, 200)
    await broker.restart()
    await until('it is up again', async () => (await series('kafka_exporter_up'))[0] === 1, 30_000)
    t.is(await lag(), 120)
  },
)

test('without a usable committed offset the lag begins at the first record there is', (t) => {
  const ends = { partition: 0, low: 10n, high: 25n }
  t.is(lagOf(ends, undefined), 15)
  t.is(lagOf(ends, 5n), 15)
  t.is(lagOf(ends, 20n), 5)
  t.is(lagOf(ends, 25n), 0)
  t.is(lagOf(ends, 30n), 0)
})
