import { consumedTopics } from '../../verify/traffic.ts'
import { topology } from '../../../services/topology.ts'
import { catalogUpsert, pageView } from '../../../services/webtoon/topics.ts'
import { fault, killed, nothing, paused, type Fault, type What } from '../fault.ts'
import { storm } from '../ground.ts'
import { kinds, type Kind } from './load.ts'
import { wireFaults } from './wire-faults.ts'

/** Every 2.5 s somebody joins or leaves, and all who consume must share the partitions anew. */
const stormy = (service: string, what: What<Kind>): Fault<Kind> =>
  fault({
    name: `storm-${service}`,
    wellWithinMs: 60_000,
    ...what,
    inject: async (ground) => {
      await storm(ground, service, { rounds: 3, everyMs: 2500 })
      return nothing
    },
  })

const servicesAndServers: readonly Fault<Kind>[] = [
  killed('gateway-1', { says: 'the front door dies', notice: kinds }),
  killed('ingest-1', { says: 'who takes events dies', notice: ['event'] }),
  killed('rank-1', { says: 'who counts dies', notice: ['rank'] }),
  killed('catalog-1', { says: 'who keeps titles dies', notice: ['title'] }),
  killed('search-1', { says: 'who indexes dies', notice: ['search'] }),
  killed('auth-1', { says: 'who issues tokens dies', notice: ['login'] }),
  killed('generator-1', { says: 'who makes load dies' }),
  killed('kafka', { says: 'the broker dies', notice: ['event', 'rank'], wellWithinMs: 60_000 }),
  killed('postgres', { says: 'Postgres dies', notice: ['title', 'login'] }),
  killed('redis', { says: 'Redis dies', notice: ['rank'], wellWithinMs: 60_000 }),
  killed('opensearch', { says: 'OpenSearch dies', notice: ['search'], wellWithinMs: 90_000 }),
  killed('zipkin', { says: 'the trace store dies', wellWithinMs: 60_000 }),
  killed('prometheus', { says: 'Prometheus dies' }),
  paused('kafka', {
    says: 'the broker stands still',
    notice: ['event', 'rank'],
    tells: ['ingest'],
  }),
  paused('redis', { says: 'Redis stands still', notice: ['rank'], tells: ['rank'] }),
  paused('opensearch', { says: 'OpenSearch stands still', notice: ['search'], tells: ['search'] }),
  paused('rank-1', {
    says: 'who counts stands still and comes back',
    notice: ['rank'],
    tells: ['rank'],
  }),
  paused('auth-1', {
    says: 'nobody issues tokens or publishes keys; known tokens stay good',
    notice: ['login'],
    tells: ['auth'],
  }),
]

const data: readonly Fault<Kind>[] = [
  fault({
    name: 'poison',
    says: 'records that nobody can read, in every topic that is consumed',
    inject: async ({ poison }, random) => {
      for (const { name } of consumedTopics(topology))
        await poison(name, 1 + Math.floor(random() * 5))
      return nothing
    },
  }),
  fault({
    name: 'kill-dead-letters-1',
    says: 'who keeps dead letters dies while some come',
    ends: ['dead-letters-1'],
    inject: async ({ poison, kill }, random) => {
      await poison(pageView.name, 1 + Math.floor(random() * 20))
      await kill('dead-letters-1')
      return nothing
    },
  }),
  fault({
    name: 'repeated-records',
    says: 'Kafka holds events and changes of titles several times, in another order',
    inject: async ({ again }, random) => {
      for (const topic of [pageView, catalogUpsert]) await again(topic, random)
      return nothing
    },
  }),
  fault({
    name: 'redis-amnesia',
    says: 'Redis forgets everything',
    notice: ['rank'],
    wellWithinMs: 60_000,
    inject: async ({ forget }) => {
      await forget()
      return nothing
    },
  }),
  fault({
    name: 'index-loss',
    says: 'the index of titles is deleted',
    notice: ['search'],
    wellWithinMs: 90_000,
    inject: async ({ loseIndex }) => {
      await loseIndex()
      return nothing
    },
  }),
  fault({
    name: 'key-rotation',
    says: 'tokens are signed with a new key',
    inject: async ({ ask }) => {
      const status = await ask('POST /keys/rotate')
      if (status >= 300) throw new Error(`POST /keys/rotate answered ${status}.`)
      return nothing
    },
  }),
  fault({
    name: 'lock-titles',
    says: 'somebody locks the table of titles',
    notice: ['title'],
    lastsMs: { least: 6000, most: 8000 },
    inject: ({ lockTitles }) => lockTitles(),
  }),
  stormy('rank', { says: 'replicas that count come and go', notice: ['rank'] }),
  stormy('search', { says: 'replicas that index come and go' }),
]

/** The faults of the plan that touch these services; each is one that a machine or a network really has. */
export const faults: readonly Fault<Kind>[] = [...servicesAndServers, ...data, ...wireFaults]
