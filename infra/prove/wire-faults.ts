import { kafkaRequest } from '../../services/kit/testing/kafka-wire.ts'
import type { Mark } from '../../services/kit/testing/proxy.ts'
import { within } from '../../services/kit/within.ts'
import { pageView } from '../../services/webtoon/topics.ts'
import { together } from '../drill/drill.ts'
import { fault, nothing, type Fault } from './fault.ts'
import type { ProvingGround } from './ground.ts'
import { kinds, type Kind } from './history.ts'
import type { Edge, Engine } from './wires.ts'

/** Servers with who uses them, and what notices when the way there is bad. */
const ways: readonly {
  readonly engine: Engine
  readonly users: readonly string[]
  readonly notice: readonly Kind[]
}[] = [
  {
    engine: 'kafka',
    users: ['ingest', 'rank', 'catalog', 'search', 'dead-letters'],
    notice: ['event', 'rank'],
  },
  { engine: 'redis', users: ['gateway', 'rank'], notice: ['rank'] },
  { engine: 'postgres', users: ['auth', 'catalog', 'dead-letters'], notice: ['title', 'login'] },
  { engine: 'opensearch', users: ['search'], notice: ['search'] },
]

const resetsPerSecond = 3
const slowMs = 500

const edgesOf = ({ engine, users }: (typeof ways)[number]): readonly Edge[] =>
  users.map((service) => ({ service, engine }))

/** Connections break again and again. */
const resets = ways.map((way) =>
  fault({
    name: `reset-${way.engine}`,
    says: `connections to ${way.engine} are reset again and again`,
    notice: way.notice,
    wires: edgesOf(way),
    lastsMs: { least: 2000, most: 4000 },
    inject: async ({ repeat, wire }) =>
      repeat(resetsPerSecond, async () => edgesOf(way).forEach((edge) => wire(edge).reset())),
  }),
)

/** Half a second in each direction. */
const slowness = ways.map((way) =>
  fault({
    name: `slow-${way.engine}`,
    says: `the way to ${way.engine} takes ${slowMs} ms, and as long back`,
    notice: way.notice,
    wires: edgesOf(way),
    lastsMs: { least: 3000, most: 5000 },
    inject: async ({ wire }) => {
      const wires = edgesOf(way).map(wire)
      wires.forEach((one) => one.slow(slowMs))
      return together(...wires.map((one) => async () => one.mend()))
    },
  }),
)

/** A place where a service writes. */
interface Write extends Edge {
  readonly name: string
  readonly says: string
  /** Recognises the write on the wire. */
  readonly mark: Mark
  /** What notices when its reply is lost, and what when its writer dies. */
  readonly notice: readonly [lost: readonly Kind[], dead: readonly Kind[]]
  /** Makes it write, where the load does not. */
  provoke?(ground: ProvingGround): Promise<void>
}

const writes: readonly Write[] = [
  {
    ...{ name: 'event', service: 'ingest', engine: 'kafka', mark: kafkaRequest('Produce') },
    says: 'an event is handed to Kafka',
    notice: [['event'], ['event']],
  },
  {
    ...{ name: 'title', service: 'catalog', engine: 'postgres', mark: 'commit' },
    says: 'a title is committed',
    notice: [['title'], ['title']],
  },
  {
    ...{ name: 'outbox', service: 'catalog', engine: 'kafka', mark: kafkaRequest('Produce') },
    says: 'a change of a title goes from the outbox to Kafka',
    notice: [[], ['title']],
  },
  {
    ...{ name: 'count', service: 'rank', engine: 'redis', mark: 'evalsha' },
    says: 'events are counted in Redis',
    notice: [['rank'], ['rank']],
  },
  {
    ...{ name: 'counted', service: 'rank', engine: 'kafka', mark: kafkaRequest('OffsetCommit') },
    says: 'what was counted is noted in Kafka',
    notice: [['rank'], ['rank']],
  },
  {
    ...{ name: 'index', service: 'search', engine: 'opensearch', mark: '_bulk' },
    says: 'a title is indexed',
    notice: [['search'], ['search']],
  },
  {
    ...{ name: 'indexed', service: 'search', engine: 'kafka', mark: kafkaRequest('OffsetCommit') },
    says: 'what was indexed is noted in Kafka',
    notice: [[], ['search']],
  },
  {
    ...{ name: 'letter', service: 'dead-letters', engine: 'postgres', mark: 'letter-keep' },
    says: 'a dead letter is kept',
    notice: [[], []],
    provoke: ({ poison }) => poison(pageView.name, 3),
  },
  {
    ...{ name: 'limit', service: 'gateway', engine: 'redis', mark: 'evalsha' },
    says: 'a client’s limit is counted',
    notice: [[], kinds],
  },
]

/** The ambiguous end of a write: it was done, and its writer does not hear so. */
const lostReplies = writes.map(({ name, says, mark, notice, provoke, ...edge }) =>
  fault({
    name: `lost-reply-${name}`,
    says: `${says}, and the reply is lost`,
    notice: notice[0],
    wires: [edge],
    wellWithinMs: 60_000,
    inject: async (ground) => {
      const wire = ground.wire(edge)
      wire.cutRepliesAfter(mark, 'taken')
      await provoke?.(ground)
      return async () => wire.mend()
    },
  }),
)

const comesWithinMs = 15_000

/** The writer dies just before the server gets the write, or just before it hears that it was done. */
const deathsAt = writes.map(({ name, says, mark, notice, provoke, ...edge }) =>
  fault({
    name: `kill-at-${name}`,
    says: `${says}, and ${edge.service} dies then`,
    notice: notice[1],
    ends: [`${edge.service}-1`],
    wires: [edge],
    wellWithinMs: 60_000,
    inject: async (ground, random) => {
      const wire = ground.wire(edge)
      const stands = wire.standStill([mark], random() < 0.5 ? 'lost' : 'arrives')
      try {
        await provoke?.(ground)
        await within(stands, comesWithinMs, `${edge.service} did not write to ${edge.engine}`)
        await ground.kill(`${edge.service}-1`)
      } finally {
        wire.mend()
      }
      return nothing
    },
  }),
)

/** What happens on the way between a service and its servers. */
export const wireFaults: readonly Fault[] = [...resets, ...slowness, ...lostReplies, ...deathsAt]
