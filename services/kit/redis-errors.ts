import { ReplyError } from 'ioredis'
import type { Store } from '../model/store.ts'
import { unavailable } from './problem.ts'

/** Replies that say "not now": loading, read-only replica, disk or memory full, a long script, no login yet. */
const notNow =
  /^(READONLY|MISCONF|LOADING|BUSY|OOM|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|NOAUTH|WRONGPASS)\b/

/**
 * What a failed call means: an error reply about the call itself (a bug) stays as it is, everything else (time-out,
 * broken or missing connection, a server that cannot serve) is a 503.
 */
export function redisProblem(store: Store, error: unknown): unknown {
  const { message } = error as Error
  if (error instanceof ReplyError && !notNow.test(message)) return error
  const detail = `Redis store "${store.name}" does not answer at the moment; try again.`
  return unavailable('STORE_UNAVAILABLE', detail, 1, error)
}
