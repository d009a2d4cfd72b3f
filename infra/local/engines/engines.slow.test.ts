import { randomUUID } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { access, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { Kafka, logLevel } from 'kafkajs'
import type { Connection } from 'mariadb'
import pg from 'pg'
import { request } from 'undici'
import {
  mariadbSeries,
  postgresSeries,
  redisSeries,
  watchers,
} from '../../../dashboards/servers.ts'
import { asMariadbAdmin } from '../../../services/kit/provision-mariadb.ts'
import { makePlaces, places } from '../paths.ts'
import { ask, portOf } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { engines } from './engines.ts'
import { start, waitReady } from './launch.ts'
import { temporarySite } from './temporary.ts'

interface Trial {
  /** Leaves something behind; what it returns is handed to `check` after the restart. */
  write(site: Site): Promise<unknown>
  check(t: ExecutionContext, site: Site, written: unknown): Promise<void>
}

const trials: Record<string, Trial> = {
  redis: {
    async write(site) {
      await withRedis(site, async (client) => {
        await client.set('title', '여신강림')
        await client.call('ACL', 'SETUSER', 'rank', 'on', '>secret', '~rank:*', '+@all')
        await client.call('ACL', 'SAVE')
      })
    },
    async check(t, site) {
      await withRedis(site, async (client) => {
        t.is(await client.get('title'), '여신강림')
        t.deepEqual(await client.call('ACL', 'USERS'), ['default', 'rank'])
      })
      const stranger = { ...site, password: 'wrong' }
      await t.throwsAsync(engines.redis!.probe(stranger), { message: /WRONGPASS/ })
    },
  },
  postgres: {
    write: (site) =>
      query(
        site,
        "create table titles as select '여신강림' as title; create extension pg_stat_statements",
      ),
    async check(t, site) {
      t.deepEqual((await query(site, 'select title from titles')).rows, [{ title: '여신강림' }])
      t.deepEqual((await query(site, 'show data_checksums')).rows, [{ data_checksums: 'on' }])
      const stranger = { ...site, password: 'wrong' }
      await t.throwsAsync(engines.postgres!.probe(stranger), { message: /password authentication/ })
    },
  },
  mariadb: {
    async write(site) {
      await inMariadb(site, async (admin) => {
        await admin.query('create database titles')
        await admin.query("create table titles.titles as select '여신강림' as title")
      })
    },
    async check(t, site) {
      await inMariadb(site, async (admin) => {
        t.deepEqual(await admin.query('select title from titles.titles'), [{ title: '여신강림' }])
        const [durable] = await admin.query<object[]>(
          `select @@innodb_flush_log_at_trx_commit as log, @@sync_binlog as binlog, @@log_bin as binlogs,
             @@innodb_snapshot_isolation as snapshot, @@bind_address as address,
             @@collation_server as collation, @@global.time_zone as zone`,
        )
        t.deepEqual(durable, {
          ...{ log: 1n, binlog: 1n, binlogs: 1n, snapshot: 1n, address: '127.0.0.1' },
          ...{ collation: 'utf8mb4_nopad_bin', zone: '+00:00' },
        })
        const open = `select user from mysql.global_priv where json_value(priv, '$.authentication_string') = ''
          and user not in ('root', 'mysql', 'mariadb.sys')`
        t.deepEqual(await admin.query(open), [])
      })
      const stranger = { ...site, password: 'wrong' }
      await t.throwsAsync(engines.mariadb!.probe(stranger), { message: /Access denied/ })
    },
  },
  kafka: {
    async write(site) {
      const client = kafkaClient(site)
      const admin = client.admin()
      await admin.connect()
      await admin.createTopics({ topics: [{ topic: 'titles', numPartitions: 2 }] })
      await admin.disconnect()
      const producer = client.producer()
      await producer.connect()
      await producer.send({
        topic: 'titles',
        acks: -1,
        messages: [{ key: 't-1', value: '여신강림' }],
      })
      await producer.disconnect()
    },
    async check(t, site) {
      const admin = kafkaClient(site).admin()
      await admin.connect()
      const offsets = await admin.fetchTopicOffsets('titles')
      await admin.disconnect()
      t.deepEqual(offsets.map(({ high }) => high).sort(), ['0', '1'])
    },
  },
  opensearch: {
    async write(site) {
      const korean = { type: 'text', analyzer: 'nori' }
      await call(site, 'PUT', '/titles', { mappings: { properties: { title: korean } } })
      await call(site, 'PUT', '/titles/_doc/1?refresh=true', { title: '나 혼자만 레벨업' })
    },
    async check(t, site) {
      const found = await call(site, 'GET', '/titles/_search?q=title:레벨')
      t.like(found, { hits: { total: { value: 1 } } })
      t.like(await call(site, 'PUT', '/unheard/_doc/1', {}, 404), { status: 404 })
    },
  },
  zipkin: {
    async write(site) {
      const span = {
        traceId: '463ac35c9f6413ad48485a3953bb6124',
        id: '48485a3953bb6124',
        name: 'get',
      }
      await call(site, 'POST', '/api/v2/spans', [span], 202)
    },
    async check(t, site) {
      // It keeps spans in memory: after a kill it starts empty, and says so.
      t.deepEqual(await call(site, 'GET', '/api/v2/services'), [])
    },
  },
  prometheus: {
    async write(site) {
      const targets = [{ targets: [`127.0.0.1:${portOf(site)}`], labels: { job: 'prometheus' } }]
      await writeFile(join(site.dir, 'targets/prometheus.json'), JSON.stringify(targets))
      return until(async () => (await samples(site, 'up{job="prometheus"} == 1'))[0]?.value[0])
    },
    async check(t, site, time) {
      const kept = await samples(site, `up{job="prometheus"}&time=${String(time)}`)
      t.is(kept[0]?.value[1], '1')
    },
  },
  alertmanager: {
    write: () => Promise.resolve(),
    async check(t, site) {
      t.like(await call(site, 'GET', '/api/v2/status'), { cluster: { status: 'disabled' } })
    },
  },
}

for (const [name, trial] of Object.entries(trials)) {
  test(`${name} comes up again on the same data after a kill -9, and stops cleanly`, async (t) => {
    const engine = engines[name]!
    const site = await siteFor(t, engine)
    const first = await serve(t, engine, site)
    const written = await trial.write(site)
    first.kill('SIGKILL')
    t.is((await first.exited).signal, 'SIGKILL')

    const second = await serve(t, engine, site)
    await trial.check(t, site, written)
    const asked = performance.now()
    const { signal } = await second.stop()
    t.not(signal, 'SIGKILL')
    t.true(performance.now() - asked < engine.stopWithinMs)
    t.log(`stopped in ${Math.round(performance.now() - asked)} ms`)
    t.throws(() => process.kill(second.pid, 0), { code: 'ESRCH' })
  })
}

test('mariadb leaves the temporary tables of its neighbours alone, also while it is installed', async (t) => {
  const site = await siteFor(t, engines.mariadb!)
  const foreign = join(tmpdir(), `#sql-temptable-${randomUUID()}.MAI`)
  await writeFile(foreign, '')
  t.teardown(() => rm(foreign, { force: true }))
  if (site.owner !== undefined) await chown(foreign, site.owner.uid, site.owner.gid)
  await serve(t, engines.mariadb!, site)
  await t.notThrowsAsync(access(foreign))
})

/** Numbers that boards have of servers; CloudNativePG's are a cluster's. */
const seriesOf = {
  mariadb: Object.values(mariadbSeries),
  redis: Object.values(redisSeries),
  postgres: Object.values(postgresSeries).flat(),
}
const isLocal = (series: string): boolean => !series.startsWith('cnpg_')

for (const [exporter, server, user] of [
  ['redis-exporter', 'redis', 'default'],
  ['postgres-exporter', 'postgres', 'maru'],
  ['mariadb-exporter', 'mariadb', 'maru'],
] as const) {
  test(`${exporter} reads ${server} with a password out of a file, and has what boards ask for`, async (t) => {
    const site = await siteFor(t, engines[server]!)
    await serve(t, engines[server]!, site)
    const address = `127.0.0.1:${portOf(site)}`
    const engine = engines[exporter]!
    const reader = await siteFor(t, engine, { address, user, password: site.password })
    const running = await serve(t, engine, reader)
    const page = await ask(reader, '/metrics')
    for (const series of [...watchers[server].up, ...seriesOf[server]].filter(isLocal))
      t.regex(page, new RegExp(`^${series}[ {]`, 'm'), series)
    await running.stop()
    const stranger = await siteFor(t, engine, { address, user, password: 'wrong' })
    await engine.prepare(stranger)
    await t.throwsAsync(
      async () => {
        const output = openSync(join(stranger.dir, 'test.log'), 'a')
        const lost = start(engine, stranger, { stdout: output })
        t.teardown(() => lost.kill('SIGKILL'))
        await waitReady(engine, stranger, { deadlineMs: 4_000, exited: lost.exited })
      },
      { message: /cannot reach/ },
    )
  })
}

test('prometheus follows rules in a folder that its account cannot enter', async (t) => {
  const rules = await mkdtemp(join(tmpdir(), 'maru-rules-'))
  t.teardown(() => rm(rules, { recursive: true }))
  const rule = (name: string) =>
    `groups: [{ name: g, rules: [{ record: '${name}', expr: vector(1) }] }]`
  await writeFile(join(rules, 'one.yaml'), rule('first'))
  const engine = engines.prometheus!
  const site = await siteFor(t, engine, {
    rules: join(rules, '*.yaml'),
    alertmanager: '127.0.0.1:1',
  })
  const running = await serve(t, engine, site)
  const names = async () => JSON.stringify(await call(site, 'GET', '/api/v1/rules'))
  t.regex(await names(), /"first"/)
  await writeFile(join(rules, 'one.yaml'), rule('second'))
  await engine.prepare(site)
  await engine.reload?.(site)
  t.regex(await names(), /"second"/)
  await writeFile(join(rules, 'one.yaml'), 'groups: [{}]')
  await engine.prepare(site)
  await t.throwsAsync(async () => engine.reload?.(site), {
    message: /prometheus refuses its files: /,
  })
  await running.stop()
})

async function siteFor(t: ExecutionContext, engine: Engine, settings: Site['settings'] = {}) {
  const where = places(join(import.meta.dirname, '../../..'))
  await makePlaces(where)
  const say = (line: string) => t.log(line)
  const supply = await engine.obtain({ cache: where.cache, env: process.env, install: true, say })
  if (supply === undefined) throw new Error(engine.missing)
  const site = await temporarySite(engine, supply, settings)
  t.teardown(() => rm(site.dir, { recursive: true, force: true }))
  return site
}

async function serve(t: ExecutionContext, engine: Engine, site: Site) {
  await engine.prepare(site)
  const log = join(site.dir, 'test.log')
  const stdout = openSync(log, 'a')
  const began = performance.now()
  const running = start(engine, site, { stdout })
  closeSync(stdout)
  t.teardown(async () => {
    running.kill('SIGKILL')
    await running.exited
  })
  await waitReady(engine, site, { deadlineMs: engine.readyWithinMs, exited: running.exited, log })
  t.log(`ready in ${Math.round(performance.now() - began)} ms`)
  return running
}

async function withRedis(site: Site, work: (client: Redis) => Promise<void>): Promise<void> {
  const client = new Redis({ port: portOf(site), password: site.password })
  try {
    await work(client)
  } finally {
    client.disconnect()
  }
}

async function query(site: Site, sql: string): Promise<pg.QueryResult> {
  const at = { host: '127.0.0.1', port: portOf(site), database: 'postgres' }
  const client = new pg.Client({ ...at, user: 'maru', password: site.password })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

const inMariadb = (site: Site, work: (admin: Connection) => Promise<void>): Promise<void> =>
  asMariadbAdmin(
    { host: '127.0.0.1', port: portOf(site), user: 'maru', password: site.password },
    work,
  )

const kafkaClient = (site: Site) =>
  new Kafka({ brokers: [`127.0.0.1:${portOf(site)}`], logLevel: logLevel.NOTHING })

async function call(site: Site, method: string, path: string, body?: unknown, status?: number) {
  const answer = await request(`http://127.0.0.1:${portOf(site)}${encodeURI(path)}`, {
    method: method as 'GET' | 'PUT' | 'POST',
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.body.text()
  const good = status === undefined ? answer.statusCode < 300 : answer.statusCode === status
  if (!good) throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text}`)
  return text === '' ? undefined : (JSON.parse(text) as unknown)
}

interface Sample {
  readonly value: readonly [number, string]
}

async function samples(site: Site, promql: string): Promise<Sample[]> {
  const answer = await call(site, 'GET', `/api/v1/query?query=${promql}`)
  return (answer as { data: { result: Sample[] } }).data.result
}

async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('No answer within 30 s.')
}
