import { cellsWith, type Cell } from './cell.ts'
import { paymentCells } from './payments/cells.ts'
import { table } from '../rendered-tables.ts'

const files = {
  exact: 'services/webtoon/rank/exact.slow.test.ts',
  loss: 'services/webtoon/rank/loss.slow.test.ts',
  rankStore: 'services/webtoon/rank/store.test.ts',
  outage: 'services/webtoon/ingest/outage.slow.test.ts',
  overload: 'services/webtoon/ingest/overload.all.test.ts',
  indexer: 'services/webtoon/search/indexer.test.ts',
  reindex: 'services/webtoon/search/reindex.slow.test.ts',
  searchRoutes: 'services/webtoon/search/routes.test.ts',
  catalogRoutes: 'services/webtoon/catalog/routes.test.ts',
  generator: 'services/webtoon/generator/generator.test.ts',
  letters: 'services/platform/dead-letters/dead-letters.test.ts',
  replicas: 'services/platform/dead-letters/replicas.slow.test.ts',
  keys: 'services/platform/auth/keys.test.ts',
  resilience: 'services/platform/gateway/resilience.test.ts',
  kitAuth: 'services/kit/auth.test.ts',
  kafka: 'services/kit/kafka-outage.slow.test.ts',
  consume: 'services/kit/kafka-consume.test.ts',
  redis: 'services/kit/redis.test.ts',
  search: 'services/kit/search.test.ts',
  rolling: 'infra/local/cli/rolling.all.test.ts',
  backup: 'infra/local/backup/backup.all.test.ts',
  platform: 'infra/local/cli/platform.e2e.test.ts',
} as const

const cell = cellsWith(files)

const rolling = 'of two replicas each may be stopped, and one killed, and nobody notices'

/** What can break around the gateway, auth, ingest, rank, catalog, search, dead letters and the generator. */
const platformCells: readonly Cell[] = [
  cell('kill', 'gateway', 'I1 I13 I14 I15', {
    trials: ['kill-gateway-1', 'kill-at-limit'],
    tests: [[rolling, 'rolling']],
  }),
  cell('kill', 'ingest', 'I1 I2 I13 I14', { trials: ['kill-ingest-1', 'kill-at-event'] }),
  cell('kill', 'rank', 'I9 I13 I14', {
    trials: ['kill-rank-1', 'kill-at-count', 'kill-at-counted'],
    tests: [
      ['two replicas under kill -9, restarts and a hand-over count every event once', 'exact'],
      [
        'a reader is never told too little while the partitions of a dead replica have no owner',
        'loss',
      ],
    ],
  }),
  cell('kill', 'catalog', 'I1 I2 I10 I14', {
    trials: ['kill-catalog-1', 'kill-at-title', 'kill-at-outbox'],
  }),
  cell('kill', 'search', 'I10 I13 I14', {
    trials: ['kill-search-1', 'kill-at-index', 'kill-at-indexed'],
    tests: [
      ['under writes no title is missing at any moment, and all are there in the end', 'reindex'],
    ],
  }),
  cell('kill', 'auth', 'I13 I16', {
    trials: ['kill-auth-1'],
    tests: [['a restart keeps the keys', 'keys']],
  }),
  cell('kill', 'dead letters', 'I12 I13', {
    trials: ['kill-dead-letters-1', 'kill-at-letter'],
    tests: [
      [
        'one group reads all dead-letter topics: two replicas share them, and each letter is kept once whoever is killed',
        'replicas',
      ],
      [
        'killed between sending and noting it, a letter is sent again, as the same event',
        'replicas',
      ],
    ],
  }),
  cell('kill', 'generator', 'I13', {
    trials: ['kill-generator-1'],
    tests: [
      [
        'a stop of the service ends the run first, so that every event generated is in Kafka',
        'generator',
      ],
    ],
  }),
  cell('kill', 'Kafka', 'I1 I2 I9 I12 I13 I14', {
    trials: ['kill-kafka'],
    tests: [
      [
        'a kill -9 of Kafka in the middle of a stream loses nothing that was acknowledged',
        'outage',
      ],
      ['after a kill -9 of the broker mid-load the counts are exact again', 'exact'],
      ['a broker that was killed is found again within ten seconds of its return', 'kafka'],
    ],
  }),
  cell('kill', 'Postgres', 'I1 I2 I10 I13 I14', {
    trials: ['kill-postgres'],
    tests: [
      [
        'without Kafka it works, without Postgres it answers 503 at once, is not ready, and recovers',
        'catalogRoutes',
      ],
    ],
  }),
  cell('kill', 'Redis', 'I9 I13 I14', {
    trials: ['kill-redis'],
    tests: [
      ['after a kill -9 of Redis mid-load the counts are exact again', 'exact'],
      ['a Redis that was killed fails calls at once and is found again without a restart', 'redis'],
    ],
  }),
  cell('kill', 'OpenSearch', 'I10 I13 I14', {
    trials: ['kill-opensearch'],
    tests: [
      [
        'without an index it answers nothing, without OpenSearch 503 at once, and no change is lost',
        'searchRoutes',
      ],
    ],
  }),
  cell('kill', 'trace store, Prometheus', 'I13 I15', {
    trials: ['kill-zipkin', 'kill-prometheus'],
  }),
  cell('kill', 'the supervisor', 'I15', {
    tests: [['it survives a killed supervisor, and down leaves nothing', 'platform']],
  }),
  cell('pause', 'Kafka, Redis, OpenSearch', 'I1 I9 I10 I13 I14 I15 I16', {
    trials: [
      ...['pause-kafka', 'pause-redis', 'pause-opensearch'],
      ...['kafka-hangs', 'redis-hangs', 'opensearch-hangs'],
    ],
    tests: [
      [
        'while Kafka hangs, both doors answer 503 in time, and later what was acknowledged is there',
        'outage',
      ],
      [
        'a paused Redis fails calls within 300 ms and readiness with a reason, then serves again',
        'redis',
      ],
      ['a paused engine is 503 in two seconds and unready in one, then serves again', 'search'],
    ],
  }),
  cell('pause', 'rank', 'I9 I13 I14 I16', {
    trials: ['pause-rank-1', 'service-hangs'],
    tests: [['a replica that hangs is left alone, and readers hardly notice', 'resilience']],
  }),
  cell('clean stop', 'each of two replicas in turn', 'I1 I2 I9 I10 I13 I15', {
    tests: [
      [rolling, 'rolling'],
      ['a replica that says goodbye is left alone, and asked where all do', 'resilience'],
      [
        'a connection that nobody used for a second is closed before its server does it',
        'resilience',
      ],
    ],
  }),
  cell('reset', 'each way to Kafka, Redis, Postgres, OpenSearch', 'I1 I2 I9 I10 I12 I13 I14 I15', {
    trials: ['reset-kafka', 'reset-redis', 'reset-postgres', 'reset-opensearch'],
  }),
  cell('latency', 'each way to Kafka, Redis, Postgres, OpenSearch', 'I1 I9 I10 I13 I14 I15', {
    trials: ['slow-kafka', 'slow-redis', 'slow-postgres', 'slow-opensearch'],
  }),
  cell('reply drop', 'each write', 'I1 I2 I9 I10 I12', {
    trials: [
      ...['lost-reply-event', 'lost-reply-title', 'lost-reply-outbox', 'lost-reply-count'],
      ...['lost-reply-counted', 'lost-reply-index', 'lost-reply-indexed', 'lost-reply-letter'],
      'lost-reply-limit',
    ],
    tests: [
      ['what follows a message whose reply was lost is not taken for its repetition', 'kafka'],
      ['a command whose reply was cut off is rejected and never sent a second time', 'redis'],
    ],
  }),
  cell('lock', 'the table of titles', 'I1 I2 I13 I14 I15', { trials: ['lock-titles'] }),
  cell('duplicates, disorder', 'events, changes of titles', 'I9 I10', {
    trials: ['repeated-records'],
    tests: [
      ['random logs with copies, disorder and bad times give what a recount gives', 'rankStore'],
      ['in whatever order versions come, the highest is in the index', 'indexer'],
    ],
  }),
  cell('poison', 'every topic that is consumed', 'I12 I13 I16', {
    trials: ['poison'],
    tests: [
      [
        'records that cannot be read go to the dead letters with cause and original bytes; good ones pass',
        'consume',
      ],
      ['a poison of any shape is kept once, and holds up nobody', 'letters'],
    ],
  }),
  cell('rebalance storm', 'rank, search', 'I9 I10 I12 I13 I14', {
    trials: ['storm-rank', 'storm-search'],
    tests: [
      ['two members share the partitions, and one takes over when the other leaves', 'consume'],
    ],
  }),
  cell('amnesia', 'Redis', 'I9 I13 I14', {
    trials: ['redis-amnesia'],
    tests: [['after a wipe of Redis everything is counted again, silent partitions too', 'exact']],
  }),
  cell('index loss', 'OpenSearch', 'I10 I13 I14', {
    trials: ['index-loss'],
    tests: [['an index that was lost comes back whole, without a hand', 'reindex']],
  }),
  cell('JWKS away', 'auth', 'I13 I16', {
    trials: ['pause-auth-1'],
    tests: [
      ['while the key server is away the last keys verify, for an hour', 'kitAuth'],
      ['while the key server is away and no key is known the answer is 503, not 401', 'kitAuth'],
    ],
  }),
  cell('JWKS rotated', 'auth', 'I13', {
    trials: ['key-rotation'],
    tests: [
      [
        'a key is published before it signs, signs on all replicas at once, and goes when no token can carry it',
        'keys',
      ],
      ['a token of a key that was published before is accepted at the first use', 'kitAuth'],
    ],
  }),
  cell('overload', 'ingest', 'I13', {
    tests: [
      [
        'of ten times what it can take it takes some in time, and refuses the rest in time',
        'overload',
      ],
    ],
  }),
  cell('loss of everything but a backup', 'all', 'I1 I10', {
    tests: [['what was backed up comes back to a machine that has lost everything', 'backup']],
  }),
]

/** Everything that can break. */
export const cells: readonly Cell[] = [...platformCells, ...paymentCells]

/** The cells as a table of docs/reliability.md. */
export const cellsTable = (): string =>
  table(
    ['what happens', 'to whom', 'promises', 'trials and drills', 'tests'],
    cells.map(({ fault, target, promises, trials, tests }) => [
      fault,
      target,
      promises.join(' '),
      trials.map((name) => `\`${name}\``).join(' '),
      tests.map(([title, file]) => `[${title}](../${file})`).join(' · '),
    ]),
  )
