import type { Redis } from '../../kit/redis.ts'
import type { Answer } from './store.ts'

/** A final answer, and what it answers. */
export interface Replay extends Answer {
  readonly requestHash: string
}

/** Final answers of the last minutes. The database has them all, so that a Redis that is away costs time only. */
export interface Replays {
  find(merchantId: string, key: string): Promise<Replay | undefined>
  /** Call it after the commit. */
  keep(merchantId: string, key: string, replay: Replay): Promise<void>
}

/** Contract: `APP_IDEMPOTENCY_CACHE_TTL_SECONDS`. */
const keptSeconds = 600

export function replaysIn(redis: Redis): Replays {
  // Merchants have no colons, so no two pairs have one name.
  const named = (merchantId: string, key: string): string => `idem:authorize:${merchantId}:${key}`
  return {
    find: async (merchantId, key) => {
      const text = await redis.call('GET', named(merchantId, key)).catch(() => null)
      return typeof text === 'string' ? (JSON.parse(text) as Replay) : undefined
    },
    keep: async (merchantId, key, { requestHash, status, body }) => {
      const text = JSON.stringify({ requestHash, status, body } satisfies Replay)
      await redis
        .call('SET', named(merchantId, key), text, 'EX', keptSeconds)
        .catch(() => undefined)
    },
  }
}
