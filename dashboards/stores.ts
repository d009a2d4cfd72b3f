import { edgeFailures, edgeRequests } from '../services/kit/edges.ts'
import { poolConnections } from '../services/kit/sql/observed.ts'
import { storeOperations } from '../services/model/metric.ts'
import type { StoreKind } from '../services/model/store.ts'
import type { Topology } from '../services/model/topology.ts'
import type { Board, MetricPanel, Panel } from './board.ts'
import { over, panelRange, quantile, rate } from './queries.ts'
import {
  either,
  mariadbSeries,
  postgresSeries,
  redisSeries,
  serverUp,
  watcherOf,
} from './servers.ts'
import { slowCalls } from './traces.ts'

interface Engine {
  readonly title: string
  /** As OpenTelemetry and the edges call it. */
  readonly system: string
  /** What its servers say; `stores` are the names of those in the topology. */
  readonly server?: (stores: readonly string[]) => readonly MetricPanel[]
  readonly pools?: true
}

const engines: Readonly<Record<StoreKind, Engine>> = {
  postgres: { title: 'Postgres', system: 'postgresql', server: postgres, pools: true },
  mariadb: { title: 'MariaDB', system: 'mariadb', server: mariadb, pools: true },
  redis: { title: 'Redis', system: 'redis', server: redis },
  opensearch: { title: 'OpenSearch', system: 'opensearch' },
}

/** A row for each engine that the topology's stores are on: what services see of it, then what it says itself. */
export const storeBoard = ({ stores }: Topology): Board => ({
  uid: storeBoardUid,
  title: 'Stores',
  product: 'platform',
  summary: 'How fast the stores answer, and how much they hold.',
  rows: [...Map.groupBy(stores, ({ engine }) => engine)].map(([kind, own]) => ({
    title: engines[kind].title,
    panels: panelsOf(
      kind,
      own.map(({ name }) => name),
    ),
  })),
})

export const storeBoardUid = 'maru-stores'

function panelsOf(kind: StoreKind, stores: readonly string[]): readonly Panel[] {
  const { system, pools, server } = engines[kind]
  return [
    ...answering(kind),
    ...calls(system),
    ...(pools ? [poolPanel(stores)] : []),
    ...(server?.(stores) ?? []),
    slowCalls(system),
  ]
}

function answering(kind: StoreKind): readonly MetricPanel[] {
  const watcher = watcherOf(kind)
  if (!watcher) return []
  return [
    {
      kind: 'stat',
      title: 'Answers',
      description: '1 while a server answers whoever exports its numbers.',
      unit: 'short',
      lines: [{ query: serverUp(watcher), legend: kind }],
      thresholds: [
        { from: -Infinity, color: 'red' },
        { from: 1, color: 'green' },
      ],
    },
  ]
}

/** What services measure themselves: it is the same wherever they run. */
const calls = (system: string): readonly MetricPanel[] => [
  {
    title: 'Calls',
    description: 'Calls of services by store, per second.',
    unit: 'ops',
    lines: [
      {
        query: rate(edgeRequests.name + toSystem(system), panelRange, edge),
        legend: '{{client}} → {{server}}',
      },
    ],
  },
  {
    title: 'Failed calls',
    description: 'Calls that the store did not answer, per second.',
    unit: 'ops',
    lines: [
      {
        query: rate(edgeFailures.name + toSystem(system), panelRange, edge),
        legend: '{{client}} → {{server}}',
      },
    ],
  },
  {
    title: 'Call time',
    description: 'p95 at the client, by service; the dots are exemplars that open their trace.',
    unit: 's',
    lines: [
      {
        query: quantile(0.95, `${storeOperations}_bucket{system="${system}"}`, panelRange, [
          'service',
        ]),
        legend: '{{service}}',
      },
    ],
  },
]

const toSystem = (system: string): string => `{server=~"${system}:.*"}`
const edge = ['client', 'server']

const poolPanel = (stores: readonly string[]): MetricPanel => ({
  title: 'Pools',
  description: 'Connections of the services’ pools; who waits has none.',
  unit: 'short',
  lines: [
    {
      query: over('sum', `${poolConnections.name}{store=~"${stores.join('|')}"}`, [
        'store',
        'state',
      ]),
      legend: '{{store}} {{state}}',
    },
  ],
})

function postgres(stores: readonly string[]): readonly MetricPanel[] {
  const ours = `{datname=~"${stores.join('|')}"}`
  const perSecond = (names: readonly string[]): string =>
    over(
      'sum',
      either(names, (name) => `rate(${name}${ours}[${panelRange}])`),
      ['datname'],
    )
  const present = (how: 'sum' | 'max', names: readonly string[]): string =>
    over(
      how,
      either(names, (name) => name + ours),
      ['datname'],
    )
  return [
    {
      title: 'Transactions',
      description: 'Transactions that each database ended, per second.',
      unit: 'ops',
      lines: [
        { query: perSecond(postgresSeries.commits), legend: '{{datname}} commits' },
        { query: perSecond(postgresSeries.rollbacks), legend: '{{datname}} rollbacks' },
      ],
    },
    {
      title: 'Connections',
      description: 'Connections to each database, as the server counts them.',
      unit: 'short',
      lines: [{ query: present('sum', postgresSeries.connections), legend: '{{datname}}' }],
    },
    {
      title: 'Size',
      description: 'Size of each database on disk.',
      unit: 'bytes',
      lines: [{ query: present('max', postgresSeries.size), legend: '{{datname}}' }],
    },
  ]
}

function mariadb(): readonly MetricPanel[] {
  return [
    {
      title: 'Queries',
      description: 'Statements that the server ran, per second.',
      unit: 'ops',
      lines: [{ query: rate(mariadbSeries.queries, panelRange), legend: 'queries' }],
    },
    {
      title: 'Connections',
      description: 'Open ones, and the most that the server takes.',
      unit: 'short',
      lines: [
        { query: over('sum', mariadbSeries.connections), legend: 'open' },
        { query: over('max', mariadbSeries.connectionLimit), legend: 'limit' },
      ],
    },
    {
      title: 'Waits for rows',
      description: 'How often a transaction waited for a row of another, per second.',
      unit: 'ops',
      lines: [{ query: rate(mariadbSeries.rowLockWaits, panelRange), legend: 'waits' }],
    },
  ]
}

function redis(): readonly MetricPanel[] {
  return [
    {
      title: 'Commands',
      description: 'Commands that the server ran, those of scripts too, per second.',
      unit: 'ops',
      lines: [{ query: rate(redisSeries.commands, panelRange, ['cmd']), legend: '{{cmd}}' }],
    },
    {
      title: 'Memory',
      description: 'In use, and the limit at which writes are refused.',
      unit: 'bytes',
      lines: [
        { query: over('max', redisSeries.memory), legend: 'in use' },
        { query: over('max', redisSeries.memoryLimit), legend: 'limit' },
      ],
    },
    {
      title: 'Clients',
      description: 'Connections to the server.',
      unit: 'short',
      lines: [{ query: over('sum', redisSeries.clients), legend: 'clients' }],
    },
  ]
}
