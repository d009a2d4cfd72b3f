import { serviceVariableName } from '../services/kit/bindings.ts'
import { readConfig } from '../services/kit/config.ts'
import { asMariadbAdmin } from '../services/kit/provision-mariadb.ts'
import { bench, type Bench } from '../services/kit/testing.ts'
import payment from '../services/payments/payment/service.ts'
import pgMock from '../services/payments/pg-mock/service.ts'
import { adminPayments, anyMerchant, writePayments } from '../services/payments/scopes.ts'
import { payments as store } from '../services/payments/stores.ts'
import { topology } from '../services/topology.ts'
import type { Benchmark, Figures } from './benchmark.ts'
import { closedLoop, rawRequest } from './closed-loop.ts'
import { measured, neighbour, ownService, told, warm, withStores } from './contender.ts'
import { stepAside } from './cores.ts'
import type { Lab, LabServer } from './lab.ts'
import { mockAt, prompt } from './payments/mock.ts'
import { someOrder } from './payments/orders.ts'
import { sayAgain, scriptOf, type Said } from './payments/statements.ts'
import { inTurns } from './rounds.ts'
import { steady } from './steady.ts'

/** As many as the service’s pool has. */
const connections = 16
const load = `closed, ${connections} at once`
const clients = 32
const perSecond = 200
const warmUpSeconds = 2
/** Compilers and MariaDB’s caches have seen so many. */
const firstAuthorisations = 4000
/** No core authorises more, so that no request of a load comes twice. */
const mostPerSecond = 4000
const path = '/payments/authorize'

/** What an authorisation costs: its SQL alone, as we say it and as it could be said, and all of it. */
export const payments: Benchmark = {
  name: 'payments',
  summary:
    'authorisations a second: their SQL through our driver, the same SQL by sysbench, and the whole API with a mock gateway that answers at once',
  load,
  goals: [
    { ours: 'maru, SQL alone', peer: 'sysbench, the same SQL', of: 'rate', bound: 0.5 },
    { ours: 'maru, the API', of: 'p95', bound: 20 },
    { ours: 'maru, the API', of: 'p99', bound: 250 },
  ],
  run: async (lab) => {
    stepAside()
    const setting = await settingOf(lab)
    const own = await sqlAlone(setting)
    const contenders = [own, await sysbench(setting, own.url), await api(setting)]
    for (const one of contenders) {
      await warm(() => one.authorise(warmUpSeconds), firstAuthorisations)
      await wroteAll(setting, one)
    }
    const turns = await inTurns(lab, contenders, (one) => one.turn(lab.seconds))
    return { turns, versions: setting.versions }
  },
}

interface Setting {
  readonly lab: Lab
  readonly place: Bench
  readonly mariadb: LabServer
  readonly env: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
}

/** Something that authorises. */
interface Authoriser {
  readonly name: string
  /** As fast as it can. */
  authorise(seconds: number): Promise<Figures>
  /** All that is measured of it in a round. */
  turn(seconds: number): Promise<readonly Figures[]>
}

async function settingOf(lab: Lab): Promise<Setting> {
  const servers = await Promise.all(
    (['kafka', 'redis', 'mariadb'] as const).map((name) => lab.server(name)),
  )
  const [kafka, redis, mariadb] = servers
  if (!kafka || !redis || !mariadb) throw new Error('A server is missing.')
  const place = await bench(topology, Object.assign({}, ...servers.map((one) => one.servers)))
  lab.atEnd(() => place.stop())
  const gateway = await neighbour(lab, pgMock, await place.environment(pgMock))
  await mockAt(gateway.url, await place.bearer(adminPayments)).behave({ authorize: prompt })
  const env = await place.environment(payment, {
    env: { [serviceVariableName(pgMock.name)]: gateway.url },
  })
  const versions = { kafka: kafka.version, redis: redis.version, mariadb: mariadb.version }
  return { lab, place, mariadb, env, versions: { ...versions, sysbench: '1.0.20' } }
}

type Done = Pick<Figures, 'completed' | 'failed' | 'seconds'>

/** The service’s own code on its own driver, with nothing around it. */
async function sqlAlone({ lab, mariadb, env }: Setting): Promise<Authoriser & { url: string }> {
  const main = new URL('../services/payments/payment/bench.ts', import.meta.url)
  const running = await ownService(lab, payment, env, main)
  const authorise = (seconds: number): Promise<Figures> =>
    measured(running, [mariadb.pid], async () => {
      const words = `connections=${connections}&seconds=${seconds}`
      return { load, ...(await told<Done>(running.url, `authorise?${words}`)) }
    })
  return {
    ...{ name: 'maru, SQL alone', url: running.url, authorise },
    turn: async (seconds) => [await authorise(seconds)],
  }
}

/** Says what the service was heard to say, so that the two cannot differ. */
async function sysbench({ lab, mariadb, env }: Setting, heardAt: string): Promise<Authoriser> {
  const script = scriptOf(await told<Said>(heardAt, 'sql'))
  const login = readConfig(payment, env).store(store)
  const authorise = (seconds: number): Promise<Figures> =>
    withStores([mariadb.pid], () => sayAgain(lab, { script, login }, { connections, seconds }))
  return {
    name: 'sysbench, the same SQL',
    authorise,
    turn: async (seconds) => [await authorise(seconds)],
  }
}

/** The service as it runs, without the front door. */
async function api({ lab, place, mariadb, env }: Setting): Promise<Authoriser> {
  const running = { name: 'maru, the API', ...(await ownService(lab, payment, env)) }
  const token = await place.bearer(writePayments, anyMerchant)
  const headers = { 'content-type': 'application/json', ...token }
  const body = () => JSON.stringify(someOrder())
  const authorise = (seconds: number): Promise<Figures> => {
    const count = mostPerSecond * seconds
    const requests = Array.from({ length: count }, () =>
      rawRequest(`POST ${path}`, headers, body()),
    )
    const shape = { url: running.url, requests, connections: clients, seconds }
    return measured(running, [mariadb.pid], () => closedLoop(lab, shape))
  }
  const shot = () => ({ of: '', method: 'POST', path, headers, body: body() }) as const
  return {
    name: running.name,
    authorise,
    turn: async (seconds) => [
      await authorise(seconds),
      await steady(running, [mariadb.pid], { perSecond, seconds, shot }),
    ],
  }
}

/** Rows of one authorisation. */
const rows = { payment: 1, payment_history: 2, idem_response_cache: 1, outbox: 2 }

/** @throws Error unless the database holds what was authorised: whoever writes less would be faster */
async function wroteAll(
  { mariadb, place }: Setting,
  { name, authorise }: Authoriser,
): Promise<void> {
  const admin = mariadb.servers.mariadb
  if (!admin) throw new Error('There is no MariaDB.')
  const counts = (): Promise<readonly number[]> =>
    asMariadbAdmin(admin, async (connection) => {
      await connection.query(`use ${connection.escapeId(place.prefix + store.name)}`)
      const found: number[] = []
      for (const table of Object.keys(rows)) {
        const [row] = await connection.query<{ n: bigint }[]>(`select count(*) as n from ${table}`)
        found.push(Number(row?.n))
      }
      return found
    })
  const before = await counts()
  const { completed, failed } = await authorise(warmUpSeconds)
  const after = await counts()
  for (const [at, [table, each]] of Object.entries(rows).entries()) {
    const written = (after[at] ?? 0) - (before[at] ?? 0)
    if (failed > 0 || completed === 0 || written < completed * each)
      throw new Error(
        `${name}: ${completed} authorisations wrote ${written} rows of ${table}, ${failed} failed.`,
      )
  }
}
