import test from 'ava'
import { watchers, type Watcher } from '../dashboards/servers.ts'
import { topology } from '../services/topology.ts'
import { testRules, type Expectation, type Series, type Story } from './promtool.ts'
import { ruleFilesOf } from './rules.ts'
import { serverRules } from './servers.ts'

const files = ruleFilesOf(topology).filter(({ name }) => name === 'stores')
const alerts = ['StoreDown', 'StoreUnseen'] as const
type Told = (typeof alerts)[number]

const always = (series: string, value: 0 | 1): Series => ({ series, values: `${value}x10` })

/** What a place says: whether who watches is scraped, and whether a server answers it. */
interface Seen {
  readonly name: string
  readonly scraped: (job: string) => readonly Series[]
  readonly up: (gauge: string) => readonly Series[]
  readonly told: readonly Told[]
}

const places: readonly Seen[] = [
  {
    name: 'all is well',
    scraped: (job) => [always(`up{job="${job}"}`, 1)],
    up: (gauge) => [always(gauge, 1)],
    told: [],
  },
  {
    name: 'one of two servers is away',
    scraped: (job) => [always(`up{job="${job}"}`, 1)],
    up: (gauge) => [always(`${gauge}{instance="a"}`, 0), always(`${gauge}{instance="b"}`, 1)],
    told: [],
  },
  {
    name: 'no server answers',
    scraped: (job) => [always(`up{job="${job}"}`, 1)],
    up: (gauge) => [always(gauge, 0)],
    told: ['StoreDown'],
  },
  {
    name: 'who watches is away',
    scraped: (job) => [always(`up{job="${job}"}`, 0)],
    up: () => [],
    told: ['StoreUnseen'],
  },
  { name: 'nobody watches here', scraped: () => [], up: () => [], told: [] },
]

const expected = (engine: string, alert: Told, told: readonly Told[]): Expectation => ({
  at: '5m',
  alert,
  firing: (files[0]?.rules ?? [])
    .filter((rule) => rule.alert === alert && rule.labels['service'] === engine)
    .filter(() => told.includes(alert))
    .map(({ labels, annotations }) => ({ labels, annotations })),
})

/** By the names of the local run, then by those of the cluster. */
const storiesOf = ([engine, { jobs, up }]: readonly [string, Watcher]): readonly Story[] =>
  jobs.flatMap((job, at) =>
    places.map((place) => ({
      name: `${engine}, watched by ${job}: ${place.name}`,
      interval: '1m',
      input: [...place.scraped(job), ...place.up(up[at] ?? up[0] ?? '')],
      expect: alerts.map((alert) => expected(engine, alert, place.told)),
    })),
  )

test('a store without a server that answers is told, and one that nobody sees', async (t) => {
  t.timeout(120_000)
  await testRules(files, Object.entries(watchers).flatMap(storiesOf))
  t.pass()
})

test('only engines of the topology are watched', (t) => {
  const names = (stores: typeof topology.stores) =>
    serverRules({ stores }).map(({ alert, labels }) => `${alert} ${labels['service']}`)
  t.deepEqual(names(topology.stores.filter(({ engine }) => engine === 'redis')), [
    'StoreDown redis',
    'StoreUnseen redis',
  ])
  t.deepEqual(names(topology.stores.filter(({ engine }) => engine === 'opensearch')), [])
})
