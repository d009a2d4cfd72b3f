import { pageView } from '../../services/webtoon/topics.ts'
import type { Ground, Heal } from '../drill/drill.ts'
import type { Kind } from './history.ts'

/** A number from 0 (incl.) to 1 (excl.). */
export type Random = () => number

/** One way to break the platform. */
export interface Fault {
  readonly name: string
  readonly says: string
  /** Kinds of use that must not notice. */
  readonly spares: readonly Kind[]
  /** What ends or is ended by the fault itself: nobody else may have to be started again. */
  readonly ends: readonly string[]
  /** From the healing until everything is well again. */
  readonly wellWithinMs: number
  /** Breaks it; the heal comes after at most a few seconds. */
  inject(ground: Ground, random: Random): Promise<Heal>
}

const nothing: Heal = async () => undefined

/** kill -9; the supervisor starts it again. */
const killed = (
  name: string,
  what: Pick<Fault, 'says' | 'spares'> & { readonly wellWithinMs?: number },
): Fault => ({
  name: `kill-${name}`,
  ends: [name],
  wellWithinMs: 30_000,
  ...what,
  inject: async ({ kill }) => {
    await kill(name)
    return nothing
  },
})

/** SIGSTOP for a while: sockets stay open, and nobody answers. */
const paused = (
  name: string,
  what: Pick<Fault, 'says' | 'spares'> & { readonly wellWithinMs?: number },
): Fault => ({
  name: `pause-${name}`,
  ends: [],
  wellWithinMs: 30_000,
  ...what,
  inject: ({ pause }) => pause(name),
})

/** The faults of the plan that touch these services; each is one that a machine or a network really has. */
export const faults: readonly Fault[] = [
  killed('gateway-1', { says: 'the front door dies', spares: [] }),
  killed('ingest-1', { says: 'who takes events dies', spares: ['title', 'rank', 'search'] }),
  killed('rank-1', { says: 'who counts dies', spares: ['event', 'title', 'search'] }),
  killed('catalog-1', { says: 'who keeps titles dies', spares: ['event', 'rank', 'search'] }),
  killed('search-1', { says: 'who indexes dies', spares: ['event', 'title', 'rank'] }),
  killed('auth-1', {
    says: 'who issues tokens dies',
    spares: ['event', 'title', 'rank', 'search'],
  }),
  killed('kafka', { says: 'the broker dies', spares: ['title', 'search'], wellWithinMs: 60_000 }),
  killed('postgres', { says: 'Postgres dies', spares: ['event', 'rank', 'search'] }),
  killed('redis', {
    says: 'Redis dies',
    spares: ['event', 'title', 'search'],
    wellWithinMs: 60_000,
  }),
  killed('opensearch', {
    says: 'OpenSearch dies',
    spares: ['event', 'title', 'rank'],
    wellWithinMs: 90_000,
  }),
  killed('zipkin', {
    says: 'the trace store dies',
    spares: ['event', 'title', 'rank', 'search'],
    wellWithinMs: 60_000,
  }),
  killed('prometheus', { says: 'Prometheus dies', spares: ['event', 'title', 'rank', 'search'] }),
  paused('kafka', { says: 'the broker stands still', spares: ['title', 'search'] }),
  paused('redis', { says: 'Redis stands still', spares: ['event', 'title', 'search'] }),
  paused('opensearch', { says: 'OpenSearch stands still', spares: ['event', 'title', 'rank'] }),
  paused('rank-1', {
    says: 'who counts stands still and comes back',
    spares: ['event', 'title', 'search'],
  }),
  {
    name: 'poison',
    says: 'records that nobody can read',
    spares: ['event', 'title', 'rank', 'search'],
    ends: [],
    wellWithinMs: 30_000,
    inject: async ({ poison }, random) => {
      await poison(pageView.name, 1 + Math.floor(random() * 20))
      return nothing
    },
  },
  {
    name: 'redis-amnesia',
    says: 'Redis forgets everything',
    spares: ['event', 'title', 'search'],
    ends: [],
    wellWithinMs: 60_000,
    inject: async ({ forget }) => {
      await forget()
      return nothing
    },
  },
  {
    name: 'index-loss',
    says: 'the index of titles is deleted',
    spares: ['event', 'title', 'rank'],
    ends: [],
    wellWithinMs: 90_000,
    inject: async ({ loseIndex }) => {
      await loseIndex()
      return nothing
    },
  },
  {
    name: 'key-rotation',
    says: 'tokens are signed with a new key',
    spares: ['event', 'title', 'rank', 'search'],
    ends: [],
    wellWithinMs: 30_000,
    inject: async ({ ask }) => {
      const status = await ask('POST /keys/rotate')
      if (status >= 300) throw new Error(`POST /keys/rotate answered ${status}.`)
      return nothing
    },
  },
]
