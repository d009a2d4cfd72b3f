import type { SqlEngine, Statement } from '../sql.ts'
import { isDefinite, type Answer, type Driver, type Session } from './driver.ts'
import type { Observe } from './observed.ts'
import { surfaced } from './problems.ts'

/** A store's pool with what watches it. */
export interface Parts<Engine extends SqlEngine = SqlEngine> {
  readonly driver: Driver<Engine>
  readonly store: string
  readonly observe: Observe
  /** The statement itself. @throws Error when another text has its name */
  prepared(wanted: Statement): Statement
}

/** What came of work on a connection; `lost`: nothing is known of the connection any more. */
export type Outcome<Value> =
  { readonly value: Value } | { readonly failure: unknown; readonly lost: boolean }

/** A connection for one piece of work; one that was lost is not used again. */
export async function borrow<Value>(
  { driver, store }: Parts,
  work: (session: Session) => Promise<Outcome<Value>>,
): Promise<Value> {
  const session = await driver.connect().catch((error: unknown) => {
    throw surfaced(store, driver.judge(error), error)
  })
  const outcome = await work(session)
  await session.release('value' in outcome || !outcome.lost)
  if ('value' in outcome) return outcome.value
  throw outcome.failure
}

/** What came of one call to the server. Never rejects. */
export async function tried<Value>(
  { driver, store }: Parts,
  call: () => Promise<Value>,
): Promise<Outcome<Value>> {
  try {
    return { value: await call() }
  } catch (error) {
    const verdict = driver.judge(error)
    return { failure: surfaced(store, verdict, error), lost: !isDefinite(verdict) }
  }
}

/** What came of one statement. Never rejects. */
export function run(
  parts: Parts,
  session: Session,
  wanted: Statement,
  values: readonly unknown[],
): Promise<Outcome<Answer>> {
  const { observe, prepared } = parts
  return tried(parts, () => observe(prepared(wanted), () => session.run(wanted, values)))
}
