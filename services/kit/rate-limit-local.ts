import { LRUCache } from 'lru-cache'
import type { RateLimit } from '../model/edge.ts'
import type { Grant } from './rate-limit-lease.ts'

const rememberedKeys = 10_000

/** Token buckets of this process only, for the time that the store is away. Monotonic clock, bounded memory. */
export function localBuckets({
  perSecond,
  burst,
}: RateLimit): (key: string, tokens: number) => Grant {
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: rememberedKeys })
  return (key, needed) => {
    const now = performance.now()
    const { tokens: before, at } = buckets.get(key) ?? { tokens: burst, at: now }
    const tokens = Math.min(burst, before + ((now - at) / 1000) * perSecond)
    const granted = tokens >= needed ? needed : 0
    buckets.set(key, { tokens: tokens - granted, at: now })
    const waitMs = granted > 0 ? 0 : ((needed - tokens) / perSecond) * 1000
    return { granted, remaining: Math.floor(tokens - granted), waitMs }
  }
}
