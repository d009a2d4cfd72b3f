import { kafkaRequest } from '../../../services/kit/testing/kafka-wire.ts'
import { pageView } from '../../../services/webtoon/topics.ts'
import { deathAt, lostReply, resets, slowness, type Crossing, type Way } from '../crossings.ts'
import { nothing, type Fault } from '../fault.ts'
import { kinds, type Kind } from './load.ts'

const ways: readonly Way<Kind>[] = [
  {
    server: 'kafka',
    users: ['ingest', 'rank', 'catalog', 'search', 'dead-letters'],
    notice: ['event', 'rank'],
  },
  { server: 'redis', users: ['gateway', 'rank'], notice: ['rank'] },
  { server: 'postgres', users: ['auth', 'catalog', 'dead-letters'], notice: ['title', 'login'] },
  { server: 'opensearch', users: ['search'], notice: ['search'] },
]

const slowMs = 500

const writes: readonly Crossing<Kind>[] = [
  {
    ...{ name: 'event', services: ['ingest'], server: 'kafka', marks: [kafkaRequest('Produce')] },
    says: 'an event is handed to Kafka',
    notice: [['event'], ['event']],
  },
  {
    ...{ name: 'title', services: ['catalog'], server: 'postgres', marks: ['commit'] },
    says: 'a title is committed',
    notice: [['title'], ['title']],
  },
  {
    ...{ name: 'outbox', services: ['catalog'], server: 'kafka', marks: [kafkaRequest('Produce')] },
    says: 'a change of a title goes from the outbox to Kafka',
    notice: [[], ['title']],
  },
  {
    ...{ name: 'count', services: ['rank'], server: 'redis', marks: ['evalsha'] },
    says: 'events are counted in Redis',
    notice: [['rank'], ['rank']],
  },
  {
    ...{ name: 'counted', services: ['rank'], server: 'kafka' },
    marks: [kafkaRequest('OffsetCommit')],
    says: 'what was counted is noted in Kafka',
    notice: [['rank'], ['rank']],
  },
  {
    ...{ name: 'index', services: ['search'], server: 'opensearch', marks: ['_bulk'] },
    says: 'a title is indexed',
    notice: [['search'], ['search']],
  },
  {
    ...{ name: 'indexed', services: ['search'], server: 'kafka' },
    marks: [kafkaRequest('OffsetCommit')],
    says: 'what was indexed is noted in Kafka',
    notice: [[], ['search']],
  },
  {
    ...{ name: 'letter', services: ['dead-letters'], server: 'postgres', marks: ['letter-keep'] },
    says: 'a dead letter is kept',
    notice: [[], []],
    provoke: async ({ poison }) => {
      await poison(pageView.name, 3)
      return nothing
    },
  },
  {
    ...{ name: 'limit', services: ['gateway'], server: 'redis', marks: ['evalsha'] },
    says: 'a client’s limit is counted',
    notice: [[], kinds],
  },
]

/** What happens on the way between a service and its servers. */
export const wireFaults: readonly Fault<Kind>[] = [
  ...ways.map(resets),
  ...ways.map((way) => slowness(way, slowMs)),
  ...writes.map(lostReply),
  ...writes.map(deathAt),
]
