import { LRUCache } from 'lru-cache'

/** What a bucket gave. */
export interface Grant {
  /** 0: refused. */
  readonly granted: number
  readonly remaining: number
  /** Milliseconds until the needed tokens are there; 0 when granted. */
  readonly waitMs: number
}

/** Asks the store for at least `needed`, at most `wanted` tokens. Rejects when the store is away. */
export type Ask = (key: string, needed: number, wanted: number) => Promise<Grant>

/** Takes tokens: at once, after asking, or undefined when the store cannot be asked. */
export type Take = (key: string, tokens: number) => Grant | undefined | Promise<Grant | undefined>

type Guarded = (...asked: Parameters<Ask>) => Promise<Grant | undefined>

interface Lease {
  tokens: number
  /** What the store had left when it was last asked. */
  remaining: number
  /** Monotonic time before which the store would refuse anyway. */
  refusedUntil: number
  refusedFor: number
  asking: Promise<void> | undefined
  /** Tokens that callers wait for while the store is being asked. */
  waiting: number
}

const rememberedKeys = 10_000
/** One late answer on a busy machine is no outage; after this many in a row the store is left alone … */
const failuresInARow = 3
/** … for this long; then one request asks again. */
const skipMs = 1000

/** How a lease is taken. */
export interface LeaseOptions {
  /** Tokens of a lease; 0: nothing is taken in advance and every request asks. */
  readonly size: number
  /** A request is not held up for longer by a store that hangs. */
  readonly patienceMs: number
  /** Told when the store begins to be left alone. */
  readonly onAway: (error: unknown) => void
}

/**
 * Spends tokens that were taken from the store in advance.
 */
export function leases(ask: Ask, options: LeaseOptions): Take {
  const { size } = options
  const store = guarded(ask, options)
  if (size === 0) return (key, tokens) => store(key, tokens, tokens)
  const held = new LRUCache<string, Lease>({ max: rememberedKeys })
  const leaseOf = (key: string): Lease => {
    const known = held.get(key)
    if (known) return known
    const fresh = {
      tokens: 0,
      remaining: 0,
      refusedUntil: 0,
      refusedFor: 0,
      asking: undefined,
      waiting: 0,
    }
    held.set(key, fresh)
    return fresh
  }

  const takeAfterAsking = asking(store, size)
  return (key, tokens) => {
    const lease = leaseOf(key)
    return takeNow(lease, tokens) ?? takeAfterAsking(key, lease, tokens)
  }
}

/** Asks the store once for all who wait for the same key, and for as many tokens as they wait for. */
function asking(store: Guarded, size: number) {
  const renew = async (key: string, lease: Lease, needed: number): Promise<boolean> => {
    const grant = await store(key, needed, Math.max(size, needed, lease.waiting))
    if (!grant) return false
    lease.tokens += grant.granted
    lease.remaining = grant.remaining
    if (grant.granted === 0) {
      lease.refusedUntil = performance.now() + grant.waitMs
      lease.refusedFor = needed
    }
    return true
  }

  return async (key: string, lease: Lease, tokens: number): Promise<Grant | undefined> => {
    lease.waiting += tokens
    try {
      for (;;) {
        let known = true
        if (lease.asking) await lease.asking
        else {
          const asked = renew(key, lease, tokens).then((answered) => void (known = answered))
          lease.asking = asked.finally(() => (lease.asking = undefined))
          await lease.asking
        }
        if (!known) return undefined
        const taken = takeNow(lease, tokens)
        if (taken) return taken
      }
    } finally {
      lease.waiting -= tokens
    }
  }
}

/** From the lease, or refused because the store refused a moment ago; undefined: the store must be asked. */
function takeNow(lease: Lease, tokens: number): Grant | undefined {
  if (lease.tokens >= tokens) {
    lease.tokens -= tokens
    return { granted: tokens, remaining: lease.tokens + lease.remaining, waitMs: 0 }
  }
  const waitMs = lease.refusedUntil - performance.now()
  if (waitMs <= 0 || tokens < lease.refusedFor) return undefined
  return { granted: 0, remaining: lease.tokens + lease.remaining, waitMs }
}

/** The store with a short patience: undefined when it does not answer in time, or did not lately. */
function guarded(ask: Ask, { patienceMs, onAway }: LeaseOptions): Guarded {
  let failures = 0
  let skipUntil = 0
  return async (...asked) => {
    const now = performance.now()
    if (now < skipUntil) return undefined
    if (failures >= failuresInARow) skipUntil = now + skipMs
    try {
      const grant = await soon(ask(...asked), patienceMs)
      failures = skipUntil = 0
      return grant
    } catch (error) {
      failures += 1
      if (failures >= failuresInARow) skipUntil = performance.now() + skipMs
      if (failures === failuresInARow) onAway(error)
      return undefined
    }
  }
}

/** Rejects after `ms`, but reads the sockets once more first: a busy process is no hanging store. */
function soon<Value>(work: Promise<Value>, ms: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => setImmediate(() => reject(new Error(`no answer within ${ms} ms`))),
      ms,
    )
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
