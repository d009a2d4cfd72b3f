import { randomUUID } from 'node:crypto'
import type { Ground } from '../drill/drill.ts'

/** What a client does. */
export const kinds = ['event', 'title', 'rank', 'search', 'login'] as const
export type Kind = (typeof kinds)[number]

/** One thing that a client did, and what it knows of it: `unknown` may have had an effect or none. */
export interface Op {
  readonly kind: Kind
  /** Of an event its id, of a title the text that was written. */
  readonly id: string
  readonly at: number
  readonly status: number
  readonly outcome: 'ok' | 'refused' | 'unknown'
}

/** A load that goes on until it is stopped. */
export interface Driver {
  readonly ops: readonly Op[]
  /** Sends no more and waits for what is under way. */
  stop(): Promise<void>
}

const perSecond: Readonly<Record<Kind, number>> = {
  event: 20,
  title: 4,
  rank: 8,
  search: 8,
  login: 3,
}
/** Every tenth event is sent three times: a client that did not hear the answer. */
const repeatedEvery = 10
const titles = 10

/** Open-loop use of the front door; every write is recognised again in the stores. */
export function drive({ repeat, ask, login }: Ground): Driver {
  const run = randomUUID().slice(0, 8)
  const ops: Op[] = []
  const underWay = new Set<Promise<void>>()
  let n = 0
  const note = (kind: Kind, id: string, asked: Promise<number>): Promise<void> => {
    const at = Date.now()
    const noted = asked
      .catch(() => 0)
      .then((status) => void ops.push({ kind, id, at, status, outcome: outcomeOf(status) }))
      .finally(() => underWay.delete(noted))
    underWay.add(noted)
    return noted
  }
  const work: Readonly<Record<Kind, () => Promise<unknown>>> = {
    event: async () => {
      const id = `prove-${run}-${(n += 1)}`
      const body = {
        eventId: id,
        userId: 'u-prove',
        contentId: `w-prove-${n % titles}`,
        ts: Date.now(),
        props: { action: n % 7 === 0 ? 'like' : 'view' },
      }
      const times = n % repeatedEvery === 0 ? 3 : 1
      for (let sent = 0; sent < times; sent += 1)
        void note('event', id, ask('POST /ingest/events', body))
    },
    title: async () => {
      const desc = `prove-${run}-${(n += 1)}`
      const body = { id: `w-prove-${n % titles}`, title: 'Proof', author: 'Maru', tags: [], desc }
      void note('title', desc, ask('POST /catalog/upsert', body))
    },
    rank: async () => void note('rank', '', ask('GET /rank/top?window=10s')),
    search: async () => void note('search', '', ask('GET /search?q=proof')),
    login: async () => void note('login', '', login()),
  }
  const heals = kinds.map((kind) => repeat(perSecond[kind], work[kind]))
  return {
    ops,
    stop: async () => {
      await Promise.all(heals.map((heal) => heal()))
      await Promise.all(underWay)
    },
  }
}

/** What is refused did nothing; of what failed otherwise nobody knows. */
const outcomeOf = (status: number): Op['outcome'] =>
  status >= 200 && status < 300 ? 'ok' : status >= 400 && status < 500 ? 'refused' : 'unknown'
