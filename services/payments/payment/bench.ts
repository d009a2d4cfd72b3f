import { v7 as uuid } from 'uuid'
import { mariadb, type Mariadb, type Queryable } from '../../kit/mariadb.ts'
import { Problem } from '../../kit/problem.ts'
import { run } from '../../kit/run.ts'
import { controlled } from '../../kit/testing/controls.ts'
import { payments } from '../stores.ts'
import { authorize, type Desk } from './authorize.ts'
import { createEvents } from './events.ts'
import service from './service.ts'

/** What was said to the database. */
interface Said {
  readonly text: string
  readonly values: readonly unknown[]
}

const approved = {
  kind: 'approved',
  approvalNumber: 'APP00000000',
  transactionId: 'txn_00000000',
} as const
const approving: Desk['gateway'] = {
  query: async () => approved,
  void: async () => approved,
  admit: () => ({ ask: async () => approved, release: () => undefined }),
}

/**
 * For `./maru bench payments`: authorisations without HTTP, gateway, limits and Redis, so that what is left is their
 * SQL. `sql` says what one of them says to the database; `authorise?connections=16&seconds=8` keeps so many under way.
 */
await run(service, async (context) => {
  const database = await mariadb(context, payments)
  const { voidAfterMs } = context.config.settings
  const deskOn = (one: Mariadb): Desk => ({
    database: one,
    events: createEvents({ ...context, log: context.log.child({}, { level: 'silent' }) }),
    limits: async () => undefined,
    replays: { find: async () => undefined, keep: async () => undefined },
    gateway: approving,
    times: { leaseMs: 4500, resolveMs: 6000, voidAfterMs },
  })
  const desk = deskOn(database)
  const sqlOfOne = async (): Promise<readonly Said[]> => {
    const said: Said[] = []
    await pay(deskOn(heard(database, (one) => void said.push(one))))
    return said
  }
  return controlled(context, {
    sql: sqlOfOne,
    authorise: (asked) => busy(desk, asked('connections'), asked('seconds')),
  })
})

async function pay(desk: Desk): Promise<void> {
  const order = {
    merchantId: 'MERCHANT-1',
    amount: 1000,
    currency: 'KRW',
    capture: 'automatic',
  } as const
  const { status } = await authorize(desk, {
    order,
    key: uuid(),
    origin: { requestId: '', traceId: '' },
  })
  if (status !== 200) throw new Error(`A payment was answered with ${status}.`)
}

/** Keeps so many authorisations under way. */
async function busy(desk: Desk, connections: number, seconds: number) {
  const began = performance.now()
  const end = began + seconds * 1000
  let [completed, failed] = [0, 0]
  const one = async (): Promise<void> => {
    while (performance.now() < end) {
      try {
        await pay(desk)
        completed += 1
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        failed += 1
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, one))
  return { completed, failed, seconds: (performance.now() - began) / 1000 }
}

/** The same database, overheard. */
function heard(database: Mariadb, tell: (said: Said) => void): Mariadb {
  const say = (text: string): void => tell({ text, values: [] })
  return {
    ...database,
    ...overheard(database, tell),
    transaction: async (work, wishes) => {
      say('start transaction')
      const value = await database.transaction((tx) => work(overheard(tx, tell)), wishes)
      say('commit')
      return value
    },
  }
}

function overheard<Q extends Queryable<'mariadb'>>(
  one: Q,
  tell: (said: Said) => void,
): Queryable<'mariadb'> {
  return {
    engine: one.engine,
    query: (wanted, values = []) => {
      tell({ text: wanted.text, values })
      return one.query(wanted, values)
    },
    change: (wanted, values = []) => {
      tell({ text: wanted.text, values })
      return one.change(wanted, values)
    },
  }
}
