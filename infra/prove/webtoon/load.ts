import { randomUUID } from 'node:crypto'
import type { Ground } from '../../drill/drill.ts'
import { outcomeOf, type Load, type Op } from '../history.ts'
import { judge } from './judge.ts'

/** What a client does. */
export const kinds = ['event', 'title', 'rank', 'search', 'login'] as const
export type Kind = (typeof kinds)[number]

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

/** Events, titles, rankings, searches and logins; every write is recognised again in the stores. */
export function drive({ repeat, ask, login }: Ground): Load<Kind> {
  const run = randomUUID().slice(0, 8)
  const since = Date.now()
  const ops: Op<Kind>[] = []
  const underWay = new Set<Promise<void>>()
  let n = 0
  const note = (kind: Kind, id: string, asked: Promise<number>): Promise<void> => {
    const at = Date.now()
    const noted = asked
      .catch(() => 0)
      .then((status) => {
        const ms = Date.now() - at
        ops.push({ kind, id, at, ms, status, outcome: outcomeOf(status) })
      })
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
    judged: (platform) => judge(platform, { ops, since }),
  }
}
