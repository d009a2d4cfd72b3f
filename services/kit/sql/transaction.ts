import { setTimeout as delay } from 'node:timers/promises'
import { Problem } from '../problem.ts'
import { statement, type Isolation, type Queryable, type SqlEngine } from '../sql.ts'
import type { Answer, Session } from './driver.ts'
import { outcomeUnknown, writeConflict } from './problems.ts'
import { borrow, run, tried, type Outcome, type Parts } from './session.ts'

const commit = statement('commit', 'commit')

/** Tries of a transaction that gives way, and the longest pause before the second; later ones are longer. */
const tries = 3
const pauseMs = 20

interface Work<Engine extends SqlEngine, Value> {
  readonly isolation: Isolation | undefined
  readonly work: (tx: Queryable<Engine>) => Promise<Value>
  /** Hears of each time that the server gave way to another transaction. */
  readonly gaveWay: () => void
}

/** Runs work in a transaction, and again where the server gave way to another one. */
export async function transact<Engine extends SqlEngine, Value>(
  parts: Parts<Engine>,
  wanted: Work<Engine, Value>,
): Promise<Value> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await borrow(parts, (session) => once(parts, session, wanted))
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== writeConflict) throw error
      wanted.gaveWay()
      if (attempt === tries) throw error
      // By chance, so that two that met do not meet again.
      await delay(Math.random() * pauseMs * attempt)
    }
  }
}

async function once<Engine extends SqlEngine, Value>(
  parts: Parts<Engine>,
  session: Session,
  { isolation, work }: Work<Engine, Value>,
): Promise<Outcome<Value>> {
  const begun = await tried(parts, () => session.begin(isolation))
  if ('failure' in begun) return begun
  const guard = guarded(parts, session)
  try {
    const value = await work(guard.tx)
    if (guard.failed === undefined) return await committed(parts, session, value)
    throw wentOn(parts, guard.failed.failure)
  } catch (failure) {
    if (guard.failed?.lost === true) return { failure, lost: true }
    const cleaned = await tried(parts, () => session.rollback())
    return { failure, lost: 'failure' in cleaned }
  }
}

/** The statements of a transaction; after the first that failed there are no others. */
function guarded<Engine extends SqlEngine>(parts: Parts<Engine>, session: Session) {
  const guard: {
    readonly tx: Queryable<Engine>
    failed: { readonly failure: unknown; readonly lost: boolean } | undefined
  } = {
    failed: undefined,
    tx: {
      engine: parts.driver.engine,
      query: async (...call) => (await answer(...call)).rows as never,
      change: async (...call) => (await answer(...call)).count,
    },
  }
  const answer = async (
    ...[wanted, values = []]: Parameters<Queryable['query']>
  ): Promise<Answer> => {
    // After a deadlock MariaDB would take the next one as a transaction of its own, and commit it.
    if (guard.failed !== undefined) throw wentOn(parts, guard.failed.failure)
    const outcome = await run(parts, session, wanted, values)
    if ('value' in outcome) return outcome.value
    guard.failed = outcome
    throw outcome.failure
  }
  return guard
}

const wentOn = ({ store }: Parts, cause: unknown): Error =>
  new Error(`A transaction on ${store} went on after a failed statement; nothing was written.`, {
    cause,
  })

async function committed<Value>(
  parts: Parts,
  session: Session,
  value: Value,
): Promise<Outcome<Value>> {
  const outcome = await tried(parts, () => parts.observe(commit, () => session.commit()))
  if ('value' in outcome) return { value }
  if (!outcome.lost) return outcome
  return { failure: outcomeUnknown(parts.store, outcome.failure), lost: true }
}
