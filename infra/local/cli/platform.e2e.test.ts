import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client as OpenSearch } from '@opensearch-project/opensearch'
import test, { type ExecutionContext } from 'ava'
import { Redis } from 'ioredis'
import { bearer } from '../../../bench/bearer.ts'
import { mockAt } from '../../../bench/payments/mock.ts'
import { operator } from '../../../services/platform/clients.ts'
import { titleIndex } from '../../../services/webtoon/stores.ts'
import type { Finding } from '../doctor.ts'
import { obtainBinaries } from '../../go/binaries.ts'
import type { Report } from '../load/report.ts'
import { places } from '../paths.ts'
import { poll } from '../poll.ts'
import { isRunning } from '../supervisor/process-table.ts'
import type { TraceSpan } from '../trace/span.ts'
import { copyCheckout } from './checkout-copy.ts'
import { asked, contactOf, get, journalOf, until, up, type PsRow, type Up } from './testing.ts'

/** A panel as `board --json` prints it. */
interface Panel {
  readonly title: string
  readonly series: readonly { readonly value: number | null }[]
}

/** What `verify --json` prints. */
interface Verified {
  readonly ok: boolean
  readonly results: readonly {
    readonly check: string
    readonly holds: boolean
    readonly seen: number
    readonly broken: readonly string[]
  }[]
}

// One platform for all words, in a checkout that only its owner may enter; each test goes on where the last ended.
const one = copyCheckout()
test.after.always(() => one.remove())

test.serial(
  'up in a closed checkout is ready, and says all that outside tools rely on',
  async (t) => {
    t.is(statSync(join(one.root, '..')).mode & 0o777, 0o700)
    const env = await up(t, one)
    t.regex(env.trace, /^[\da-f]{32}$/)
    await contractHolds(t, env)
    // The trace store is not vital: it may still be fetched when `up` has returned.
    const health = async () =>
      (await get(`${env.traces.query}/health`)).status === 200 ? true : undefined
    t.true(await poll(health, { withinMs: 180_000, everyMs: 250 }))
  },
)

test.serial('the tour sees all of it, and each of its stories is one trace', async (t) => {
  const { ok, traces } = await asked<Tour>(t, one, 'tour')
  t.true(ok)
  const way = (id: string, last: Last) => storyOf(t, id, last)
  const ranked = { service: 'rank', store: 'redis' }
  t.deepEqual(await way(traces.event.traceId, ranked), ['gateway', 'ingest', 'rank'])
  const indexed = { service: 'search', store: 'opensearch' }
  t.deepEqual(await way(traces.title.traceId, indexed), ['gateway', 'catalog', 'search'])

  const found = await asked<{ traceId: string }[]>(
    t,
    one,
    ...['trace', 'find', '--service', 'webtoon/ingest', '--limit', '1000'],
  )
  t.true(found.some(({ traceId }) => traceId === traces.event.traceId))

  const { traceId } = traces.event
  const lines = await one.maru('logs', '--trace', traceId)
  t.is(lines.code, 0, lines.progress)
  for (const name of ['gateway-1', 'ingest-1']) t.regex(lines.out, new RegExp(`${name} request`))
  const own = await one.maru('logs', 'platform/gateway', '--trace', traceId, '--json')
  const instances = own.out
    .split('\n')
    .map((line) => (JSON.parse(line) as { instance: string }).instance)
  t.deepEqual([...new Set(instances)], ['gateway-1'])
  t.is((await one.maru('logs', 'kafka', '-n', '0')).out, '')
})

test.serial(
  'the tour of payments sees a sale in the books, and a payment as one trace',
  async (t) => {
    const { sale, books, breakers, traces } = await asked<PaymentsTour>(t, one, 'tour', 'payments')
    t.like(sale, { status: 'PARTIAL_REFUNDED', captured: 59_000, refunded: 9000 })
    const states = ['READY', 'AUTHORIZED', 'CAPTURE_REQUESTED', 'CAPTURED', 'PARTIAL_REFUNDED']
    t.deepEqual(
      sale.history.map(({ status }) => status),
      states,
    )
    t.is(books.entries.length, 4)
    t.true(['pg-auth-api', 'pg-capture-api', 'pg-refund-api'].every((name) => name in breakers))
    const { traceId, paymentId } = traces.payment
    const booked = { service: 'ledger', store: 'mariadb' }
    t.deepEqual(await storyOf(t, traceId, booked), ['gateway', 'payment', 'settlement', 'ledger'])

    const ids = async (id: string): Promise<readonly string[]> =>
      (await asked<{ traceId: string }[]>(t, one, 'trace', '--payment', id)).map(
        ({ traceId: found }) => found,
      )
    t.deepEqual(await ids(paymentId), [traceId])
    // Authorised, captured and refunded by a request each.
    t.is((await ids(sale.paymentId)).length, 3)
  },
)

test.serial('a load goes through the front door, and stands beside the last one', async (t) => {
  t.timeout(900_000)
  // Built once per user; a command of a test has less time than that.
  await obtainBinaries(['k6'], { cache: places(one.root).cache, say: () => undefined })
  const { gateway, services, clients } = await asked<Up>(t, one, 'env')
  const operating = clients.find(({ id }) => id === operator.id)
  const [pgMock] = services['pg-mock']?.instances ?? []
  if (!operating || !pgMock) throw new Error('There is no operator, or no mock gateway.')
  const mock = mockAt(pgMock.url, await bearer(gateway, operating))
  const before = await mock.behaviours()

  const first = await loaded(t, 'authorize-only')
  t.true((first.figures['iterations count'] ?? 0) >= 20)
  t.is(first.last, null)
  const second = await loaded(t, 'authorize-only')
  t.is(second.last?.date, first.date)
  // Authorised, captured and refunded: three answers at least of each flow.
  const flows = await loaded(t, 'full-flow')
  t.true((flows.figures['http_reqs count'] ?? 0) >= 3 * (flows.figures['iterations count'] ?? NaN))
  t.deepEqual(await mock.behaviours(), before)
})

/** A short load at 2 a second, of which only durations may be worse than wanted: others use the machine, too. */
async function loaded(t: ExecutionContext, load: string) {
  const { code, out, progress } = await one.maru('load', load, '--short', '--rate', '2', '--json')
  t.not(out, '', progress)
  const report = JSON.parse(out) as Report & { readonly last: Report | null }
  t.deepEqual(
    report.problems.filter((problem) => !problem.includes('_duration was to be')),
    [],
  )
  t.is(code, report.ok ? 0 : 1)
  return report
}

test.serial('verify holds, and tells what somebody breaks in a store', async (t) => {
  const { ok, results } = await asked<Verified>(t, one, 'verify')
  t.true(ok)
  t.true(results.every(({ holds, seen }) => holds && seen > 0))

  const {
    redis: { url },
    opensearch,
  } = await asked<Up>(t, one, 'env')
  const broken = async (check: string): Promise<readonly string[]> => {
    const { code, out } = await one.maru('verify', check, '--json')
    t.is(code, 1, check)
    return (JSON.parse(out) as Verified).results.flatMap((result) => result.broken)
  }
  const redis = new Redis(url)
  t.teardown(() => redis.disconnect())
  // A window that is neither open nor forgotten: of the last ten minutes, over a minute ago.
  const end = Math.floor((Date.now() - 90_000) / 10_000) * 10_000
  await redis.hincrby(`rank:10:${end}:views`, 'w-nobody', 3)
  t.regex(String(await broken('rankings')), /w-nobody: 3 are held, the log has 0/)
  await redis.hdel(`rank:10:${end}:views`, 'w-nobody')
  await redis.hincrby('rank:books:0', 'late', 1)
  t.regex(String(await broken('books of rank')), /partition 0: \d+ offsets were consumed/)
  await redis.hincrby('rank:books:0', 'late', -1)
  const index = new OpenSearch({ node: opensearch.url })
  await index.delete({ index: titleIndex.name, id: 'w-001', refresh: true })
  t.regex(
    String(await broken('title index')),
    /w-001: the catalogue has version \d+, the index nothing/,
  )
})

test.serial('ps, env and doctor say as data what runs', async (t) => {
  const env = await asked<Up>(t, one, 'env')
  await contractHolds(t, env)
  const rows = await asked<PsRow[]>(t, one, 'ps')
  for (const [name, { instances }] of Object.entries(env.services)) {
    const row = rows.find((each) => each.name === `${name}-1`)
    t.like(row, { phase: 'running', notReady: null, pid: instances[0]?.pid })
  }
  const findings = await asked<Finding[]>(t, one, 'doctor')
  t.deepEqual(
    findings.filter(({ state }) => state === 'missing'),
    [],
  )
})

test.serial(
  'every panel of every board shows what the tour made, and whatever fires is told',
  async (t) => {
    const panelsOf = async (name: string): Promise<readonly Panel[]> => {
      const { rows } = await asked<{ rows: { panels: Panel[] }[] }>(t, one, 'board', name)
      return rows.flatMap(({ panels }) => panels)
    }
    const names = (await asked<{ name: string }[]>(t, one, 'board')).map(({ name }) => name)
    t.true(names.includes('msa-overview'))
    for (const name of names) {
      let empty: readonly Panel[] = []
      const full = async () => {
        empty = (await panelsOf(name)).filter(({ series }) => series.length === 0)
        return empty.length === 0 ? true : undefined
      }
      // A rate needs two scrapes.
      await poll(full, { withinMs: 30_000, everyMs: 1000 })
      t.deepEqual(empty, [], name)
    }
    const memory = (await panelsOf('catalog')).find(({ title }) => title === 'Memory')
    t.true((memory?.series[0]?.value ?? 0) > 1e7)
    const alerts = await asked<{ labels: { alertname: string } }[]>(t, one, 'alerts')
    t.true(Array.isArray(alerts))
    t.log(alerts.map(({ labels }) => labels.alertname))
  },
)

test.serial(
  'dev starts a service anew when its source changes, and Ctrl-C ends the watching only',
  async (t) => {
    const before = await rankOf(t)
    // A group of its own, as in a terminal: Ctrl-C goes to all of it.
    const child = spawn(join(one.root, 'maru'), ['dev', 'webtoon/rank'], {
      detached: true,
      cwd: one.root,
    })
    t.teardown(() => void (child.exitCode ?? child.kill('SIGKILL')))
    const ended = once(child, 'exit')
    let told = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text))
    child.stdout.resume()
    await until(async () => told.includes('Watching rank') || undefined)

    const file = join(one.root, 'services/webtoon/rank/api.ts')
    const source = readFileSync(file, 'utf8')
    const began = performance.now()
    writeFileSync(file, source.replace('Ids of the top titles', 'Names of the best titles'))
    await until(async () => {
      const { body } = await get(`${before.url}/openapi.json`)
      return body.includes('Names of the best titles') || undefined
    })
    t.log(`edit → new behaviour: ${Math.round(performance.now() - began)} ms`)
    const after = await rankOf(t)
    t.is(after.url, before.url)
    t.not(after.pid, before.pid)

    process.kill(-(child.pid ?? NaN), 'SIGINT')
    t.deepEqual(await ended, [0, null], told)
    t.is((await get(`${after.admin}/readyz`)).status, 200)
    writeFileSync(file, source)
  },
)

test.serial('up twice starts nothing anew, and tells Prometheus of changed rules', async (t) => {
  const rules = join(one.root, 'alerts/rendered/added.yaml')
  writeFileSync(rules, addedRule)
  const before = journalOf(one)
  const second = await one.maru('up')
  t.is(second.code, 0, second.progress)
  t.regex(second.progress, /Kafka.*already running/)
  t.deepEqual(journalOf(one), before)
  const { prometheus } = await asked<Up>(t, one, 'env')
  t.regex((await get(`${prometheus.url}/api/v1/rules`)).body, /AddedByATest/)
})

test.serial('it survives a killed supervisor, and down leaves nothing', async (t) => {
  const first = await asked<Up>(t, one, 'env')
  const before = journalOf(one)
  const supervisor = contactOf(one)
  process.kill(supervisor.pid, 'SIGKILL')
  await until(async () => (isRunning(supervisor) ? undefined : true))
  const seen = await one.maru('ps')
  t.is(seen.code, 3)
  t.regex(seen.progress, /supervisor was killed, but \d+ of its processes still run/)
  const healed = await up(t, one)
  t.false(before.some(isRunning), 'what the killed supervisor left behind was ended')
  t.deepEqual(addressesOf(healed), addressesOf(first))

  const running = [...journalOf(one), contactOf(one)]
  t.is((await one.maru('down')).code, 0)
  t.deepEqual(running.filter(isRunning), [])
})

interface Tour {
  readonly ok: boolean
  readonly traces: Readonly<Record<'event' | 'title', { readonly traceId: string }>>
}

interface PaymentsTour {
  readonly sale: {
    readonly paymentId: string
    readonly history: readonly { readonly status: string }[]
  }
  readonly books: { readonly entries: readonly unknown[] }
  readonly breakers: Readonly<Record<string, unknown>>
  readonly traces: { readonly payment: { readonly traceId: string; readonly paymentId: string } }
}

/** The consumer that a story ends with. */
interface Last {
  readonly service: string
  readonly store: string
}

/** The services on the way from the first span to a consumer that called a store, all in one trace. */
async function storyOf(
  t: ExecutionContext,
  id: string,
  { service, store }: Last,
): Promise<readonly string[]> {
  const { spans } = await asked<{ spans: readonly TraceSpan[] }>(t, one, 'trace', id)
  t.deepEqual([...new Set(spans.map(({ traceId }) => traceId))], [id])
  const last = spans.find(
    (span) =>
      span.service === service &&
      span.kind === 'consumer' &&
      span.attributes['db.system.name'] === store,
  )
  const way: TraceSpan[] = []
  for (let at = last; at !== undefined; at = spans.find((span) => span.id === way[0]?.parentId)) {
    way.unshift(at)
  }
  t.is(way[0]?.parentId, undefined)
  return way.map(({ service }) => service).filter((name, at, all) => name !== all[at - 1])
}

async function rankOf(t: ExecutionContext) {
  const { services } = await asked<Up>(t, one, 'env')
  const [instance] = services['rank']?.instances ?? []
  if (!instance) throw new Error('rank does not run.')
  return instance
}

const addedRule = `groups:
  - name: added
    rules: [{ alert: AddedByATest, expr: vector(0) > 1 }]
`

async function contractHolds(t: ExecutionContext, env: Up): Promise<void> {
  t.regex(env.gateway, /^http:/)
  for (const [name, { instances }] of Object.entries(env.services)) {
    t.true(instances.length > 0, name)
    for (const { url, admin, pid } of instances) {
      t.regex(url, /^http:/)
      // A store may be slow for a moment on a busy machine: ready is what it becomes again.
      await until(async () => (await get(`${admin}/readyz`)).status === 200 || undefined)
      t.true(pid !== null && existsSync(`/proc/${pid}`), `the pid of ${name} is ${pid}`)
    }
  }
  t.regex(env.kafka.bootstrap, /^127\.0\.0\.1:\d+$/)
  t.regex(env.redis.url, /^redis:\/\/:.+@127\.0\.0\.1:\d+$/)
  t.regex(env.postgres['catalog'] ?? '', /^postgres:\/\/catalog:.+@127\.0\.0\.1:\d+\/catalog$/)
  t.regex(env.mariadb['payment'] ?? '', /^mariadb:\/\/payment:.+@127\.0\.0\.1:\d+\/payment$/)
  t.is((await get(env.opensearch.url)).status, 200)
  t.is((await get(`${env.prometheus.url}/-/ready`)).status, 200)
  t.is((await get(`${env.alertmanager.url}/-/ready`)).status, 200)
  t.is(env.traces.otlp, null)
  t.true(
    env.clients.every(({ id, secret, scopes }) => id !== '' && secret !== '' && scopes.length > 0),
  )
}

const addressesOf = ({ gateway, kafka, redis, postgres, opensearch }: Up) => ({
  gateway,
  kafka,
  redis,
  postgres,
  opensearch,
})
