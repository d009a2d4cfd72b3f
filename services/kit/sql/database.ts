import { counter } from '../../model/metric.ts'
import type { Store } from '../../model/store.ts'
import type { StoreLogin } from '../config.ts'
import type { Context } from '../context.ts'
import { statement, type Database, type SqlEngine, type Statement } from '../sql.ts'
import type { Driver, PoolState } from './driver.ts'
import { observer, poolConnections } from './observed.ts'
import { borrow, run, type Parts } from './session.ts'
import { transact } from './transaction.ts'

/** Counts each time that a transaction was rolled back by the server in favour of another one. */
export const transactionConflicts = counter<'store'>('db_transaction_conflicts_total', {
  help: 'Transactions that the server gave up in favour of another one',
  labels: { store: [] },
})

const ping = statement('ping', 'select 1')

/**
 * What every engine's pool has in common: readiness check `<engine> <store>`, spans, metrics, transactions; closed in
 * stage `stores`.
 * @param login where spans say that it is
 * @param vital whether the service cannot do its work without it. Default true
 */
export function openDatabase<Engine extends SqlEngine>(
  context: Context,
  store: Store<Engine>,
  { driver, login, vital = true }: { driver: Driver<Engine>; login: StoreLogin; vital?: boolean },
): Database<Engine> {
  const { life, meter } = context
  const name = `${store.engine} ${store.name}`
  const parts = partsOf(context, store, { driver, login })
  const listeners: (() => void)[] = []
  const answer = (wanted: Statement, values: readonly unknown[] = []) =>
    borrow(parts, (session) => run(parts, session, wanted, values))
  const gaveWay = (): void => meter.add(transactionConflicts, { store: store.name })
  life.onStop('stores', name, () => driver.end())
  life.check(name, async () => void (await answer(ping)), vital)
  return {
    engine: driver.engine,
    query: async (...call) => (await answer(...call)).rows as never,
    change: async (...call) => (await answer(...call)).count,
    onCommit: (listener) => void listeners.push(listener),
    transaction: async (work, { isolation, quiet = false } = {}) => {
      const result = await transact(parts, { isolation, work, gaveWay })
      if (!quiet) for (const listener of listeners) listener()
      return result
    },
  }
}

function partsOf<Engine extends SqlEngine>(
  context: Context,
  store: Store<Engine>,
  { driver, login }: { driver: Driver<Engine>; login: StoreLogin },
): Parts<Engine> {
  const { meter } = context
  meter.add(transactionConflicts, { store: store.name }, 0)
  for (const state of ['idle', 'used', 'waiting', 'max'] satisfies PoolState[])
    meter.sampled(poolConnections, { store: store.name, state }, () => driver.standing()[state])
  const observe = observer(context, store, { driver, login })
  return { driver, store: store.name, observe, prepared: uniqueNames(store.name) }
}

/** A client would notice one name with two texts only when both meet on one connection, or never. */
function uniqueNames(store: string): (wanted: Statement) => Statement {
  const texts = new Map<string, string>()
  return (wanted) => {
    const known = texts.get(wanted.name)
    if (known === undefined) texts.set(wanted.name, wanted.text)
    else if (known !== wanted.text)
      throw new Error(
        `Two statements of ${store} are named "${wanted.name}"; rename one, names are prepared once.`,
      )
    return wanted
  }
}
