import { Problem } from '../../kit/problem.ts'
import type { Events } from './events.ts'
import type { Bucket, Failures } from './failures.ts'
import { noStore } from './oauth-problem.ts'

/** Ten wrong secrets of one client at once, then one in six seconds; of one address three times as many. */
const buckets: Readonly<Record<'client' | 'address', Bucket>> = {
  client: { burst: 10, perSecond: 10 / 60 },
  address: { burst: 30, perSecond: 30 / 60 },
}

/** Keeps guesses rare, without a way to lock a client out: who has the right secret is never asked to wait for others. */
export interface Throttle {
  /** @throws Problem 429 when this address has failed too often */
  admit(address: string | undefined): Promise<void>
  /**
   * Counts a failed login.
   * @param clientId the client that it tried to be; undefined for one that does not exist
   * @returns the 429 that stands for the 401 when there were too many, else undefined
   */
  failed(clientId: string | undefined, address: string | undefined): Promise<Problem | undefined>
}

export function throttle(store: Failures, events: Events): Throttle {
  const refused = (by: 'client' | 'address'): Problem => {
    events.throttled(by)
    return new Problem(429, 'TOO_MANY_FAILED_LOGINS', 'Too many failed logins; try again later.', {
      headers: { ...noStore, 'retry-after': String(Math.ceil(1 / buckets[by].perSecond)) },
      members: { error: 'slow_down', error_description: 'Too many failed logins.' },
    })
  }
  return {
    admit: async (address) => {
      if (address === undefined) return
      if ((await store.left(`address ${address}`, buckets.address)) < 1) throw refused('address')
    },
    failed: async (clientId, address) => {
      // Clients that do not exist share a bucket, so that names cost no rows and the time tells nothing.
      const left = await store.take(`client ${clientId ?? ''}`, buckets.client)
      if (address !== undefined) await store.take(`address ${address}`, buckets.address)
      return left < 0 ? refused('client') : undefined
    },
  }
}
