import { isDeepStrictEqual } from 'node:util'
import test from 'ava'
import pg from 'pg'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { settingVariableName } from '../../kit/bindings.ts'
import { killed, ownProcess, type OwnProcess } from '../../kit/testing/own-process.ts'
import { textsOf } from '../../kit/testing/records.ts'
import { topicLog, type TopicLog } from '../../kit/testing/topic-log.ts'
import { until } from '../../kit/testing/until.ts'
import { bench, type Bench, type Servers } from '../../kit/testing.ts'
import { serviceNamed } from '../../model/topology.ts'
import { topology } from '../../topology.ts'
import { pageView } from '../../webtoon/topics.ts'
import { readDeadLetters, writeDeadLetters } from '../scopes.ts'
import service from './service.ts'

/** All dead-letter topics of the platform, which one group reads. */
const topics = serviceNamed(topology, service.name).consumes.map(({ topic }) => topic)

let servers: Servers
let stopServers: () => Promise<void>
let place: Bench
let database: pg.Client
const logs: TopicLog[] = []
const running: OwnProcess[] = []

test.before(async () => {
  const started = await testServers('kafka', 'postgres')
  stopServers = started.stop
  servers = started.servers
  place = await bench(topology, servers)
  const env = await place.environment(service)
  for (const { name } of topics) logs.push(await topicLog(servers.kafka ?? '', place.prefix + name))
  database = new pg.Client({
    ...servers.postgres,
    database: env['POSTGRES_DEAD_LETTERS_DATABASE'],
  })
  await database.connect()
})

test.after.always(async () => {
  for (const one of running) if (one.exitCode === null && one.signalCode === null) await killed(one)
  await database?.end()
  for (const log of logs) await log.close()
  await place?.stop()
  await stopServers?.()
})

async function replica(number: number, env: Record<string, string> = {}): Promise<OwnProcess> {
  const one = await ownProcess(service, await place.environment(service, { replica: number, env }))
  running.push(one)
  return one
}

/** Puts `count` records into every dead-letter topic, over all of its partitions. */
async function bury(name: string, count: number): Promise<void> {
  const keys = Array.from({ length: count }, (_, at) => `${name}-${at}`)
  for (const log of logs) await log.write(keys.map((key) => ({ key, value: `no event ${key}` })))
}

const rows = async <R extends object>(text: string, values: unknown[] = []): Promise<R[]> =>
  (await database.query<R>(text, values)).rows

/** Letters by topic whose key begins with a name. */
const kept = async (name: string): Promise<Record<string, number>> => {
  const found = await rows<{ topic: string; count: string }>(
    `select topic, count(*) as count from dead_letters
     where convert_from(key, 'UTF8') like $1 group by topic`,
    [`${name}-%`],
  )
  return Object.fromEntries(found.map(({ topic, count }) => [topic, Number(count)]))
}

const ofEach = (count: number): Record<string, number> =>
  Object.fromEntries(topics.map(({ name }) => [name, count]))

const isAll = async (name: string, count: number): Promise<boolean> =>
  isDeepStrictEqual(await kept(name), ofEach(count))

async function call(one: OwnProcess, line: string) {
  const [method = '', path = ''] = line.split(' ')
  const headers = await place.bearer(readDeadLetters, writeDeadLetters)
  const answer = await fetch(one.url + path, {
    method,
    headers,
    signal: AbortSignal.timeout(30_000),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

test.serial(
  'one group reads all dead-letter topics: two replicas share them, and each letter is kept once whoever is killed',
  async (t) => {
    t.timeout(180_000)
    t.true(topics.length > 1)
    const first = await replica(1)
    const second = await replica(2)
    await bury('shared', 300)
    await until('letters of both topics', () => isAll('shared', 300), 60_000)
    await bury('killed', 2000)
    await until('some of them', async () => Object.keys(await kept('killed')).length > 0, 60_000)
    await killed(second)
    await until('the other has taken over', () => isAll('killed', 2000), 90_000)
    await killed(first)
    await bury('nobody', 100)
    const third = await replica(1)
    await until('what came while nobody was there', () => isAll('nobody', 100), 90_000)
    t.deepEqual(await kept('shared'), ofEach(300))
    await killed(third)
  },
)

test.serial(
  'killed between sending and noting it, a letter is sent again, as the same event',
  async (t) => {
    t.timeout(180_000)
    const one = await replica(1)
    const [letter] = await rows<{ id: string }>(
      `select id from dead_letters where original_topic = $1 limit 1`,
      [pageView.name],
    )
    const id = letter?.id ?? ''
    t.is((await call(one, `POST /dlq/events/${id}/approve`)).status, 200)
    await database.query(`
      create function hold() returns trigger language plpgsql as
        $$ begin perform pg_sleep(60); return new; end $$;
      create trigger hold before update on dead_letters for each row
        when (new.state = 'REPROCESSED') execute function hold()`)
    const sent = async () =>
      (await textsOf({ bootstrap: servers.kafka ?? '', prefix: place.prefix }, pageView)).filter(
        ({ headers }) => headers['x-replay-of'] === id,
      )
    const lost = call(one, `POST /dlq/events/${id}/reprocess`).catch((error: unknown) => error)
    await until('it was sent', async () => (await sent()).length === 1, 60_000)
    await killed(one)
    t.true((await lost) instanceof Error)
    await database.query(`
      select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'`)
    await database.query('drop trigger hold on dead_letters; drop function hold()')

    const next = await replica(1)
    t.like(await call(next, `POST /dlq/events/${id}/reprocess`), { status: 409 })
    await database.query(
      `update dead_letters set claimed_until = clock_timestamp() where id = $1`,
      [id],
    )
    t.is((await call(next, `POST /dlq/events/${id}/reprocess`)).status, 202)
    const twice = await sent()
    t.is(twice.length, 2)
    t.is(new Set(twice.map(({ headers }) => headers['ce_id'])).size, 1)
    const audit = await rows<{ action: string }>(
      `select action from dead_letter_audit where letter = $1 order by id`,
      [id],
    )
    t.deepEqual(
      audit.map(({ action }) => action),
      ['approved', 'sending', 'sending', 'reprocessed'],
    )
    await killed(next)
  },
)

test.serial('above its capacity letters wait in Kafka, until some are cleaned up', async (t) => {
  t.timeout(180_000)
  await database.query(`update dead_letters set state = 'REJECTED', state_at = clock_timestamp()`)
  const one = await replica(1, { [settingVariableName(service, 'capacity')]: '100' })
  const page = async (path: string) => (await fetch(one.admin + path)).text()
  await until('it has looked', async () => (await page('/readyz')).includes('100 at most'))
  await bury('waiting', 20)
  const failed = /^kafka_batches_failed_total\{[^}]*\} [1-9]/m
  // Whoever was killed before is a member of the group for a while.
  await until('it has tried to keep some', async () => failed.test(await page('/metrics')), 60_000)
  t.deepEqual(await kept('waiting'), {})
  t.is((await call(one, 'DELETE /dlq/cleanup')).status, 200)
  await until('there is room', () => isAll('waiting', 20), 60_000)
})
