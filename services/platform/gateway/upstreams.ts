import { Pool } from 'undici'
import { ConfigError } from '../../kit/config.ts'
import type { Context } from '../../kit/context.ts'
import { idleConnectionMs } from '../../kit/listen.ts'
import { serviceVariableName } from '../../kit/bindings.ts'
import type { Service } from '../../model/service.ts'

/** One replica of a service. */
export interface Upstream {
  readonly pool: Pool
  readonly host: string
  readonly port: number
  /** It refused a connection: leave it alone for a second. */
  refused(): void
  /** It let the time pass without a word: leave it alone, each time for twice as long. */
  silent(): void
  /** It ended a connection with a good answer, as a replica does that is about to leave: leave it alone. */
  leaving(): void
  /** It answered. */
  answered(): void
}

/** The replicas of a service in turn. */
export interface Upstreams {
  readonly count: number
  next(): Upstream
}

/** Of one service; more requests at a time wait, within their time limit. */
const connections = 64
const connectWithinMs = 1000
const skipMs = 1000
const longestSkipMs = 30_000
/** Longer than a replica says goodbye (`DRAIN_MS`). */
const leavingMs = 10_000

/** Pools to a service's replicas. */
export function upstreamsOf(context: Context, service: Service, urls: readonly URL[]): Upstreams {
  const skippedUntil = urls.map(() => 0)
  const replicas = urls.map((url, at) => {
    let silences = 0
    const skip = (ms: number): void => {
      skippedUntil[at] = performance.now() + ms
    }
    return {
      host: url.hostname,
      port: Number(url.port || 80),
      pool: poolTo(context, service, url),
      refused: () => skip(skipMs),
      leaving: () => skip(leavingMs),
      silent: () => {
        // What was sent before it was left alone says nothing new.
        if ((skippedUntil[at] ?? 0) > performance.now()) return
        skip(Math.min(longestSkipMs, skipMs * 2 ** silences))
        silences += 1
      },
      answered: () => {
        silences = 0
      },
    }
  })
  let turn = 0
  const next = (): Upstream => {
    const now = performance.now()
    let soonest = (turn + 1) % replicas.length
    for (let tried = 0; tried < replicas.length; tried += 1) {
      turn = (turn + 1) % replicas.length
      const until = skippedUntil[turn] ?? 0
      if (until <= now) return replicas[turn] as Upstream
      if (until < (skippedUntil[soonest] ?? 0)) soonest = turn
    }
    // Where all are to be left alone: the one whose time is over first.
    turn = soonest
    return replicas[turn] as Upstream
  }
  return { count: replicas.length, next }
}

function poolTo({ life }: Context, service: Service, url: URL): Pool {
  // The gateway keeps the time itself, over all attempts; undici's own limits would only add timers.
  const pool = new Pool(url.origin, {
    connections,
    pipelining: 1,
    keepAliveTimeout: idleConnectionMs,
    keepAliveMaxTimeout: idleConnectionMs,
    connectTimeout: connectWithinMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 16_384,
  })
  life.onStop('stores', `connections to ${service.name}`, () => pool.destroy())
  return pool
}

/**
 * Where the fronted services are, by their names.
 * @throws ConfigError naming every service without a usable URL
 */
export function upstreamUrls(
  { config }: Context,
  fronted: readonly Service[],
): ReadonlyMap<string, readonly URL[]> {
  const problems: string[] = []
  const found = fronted.map(({ name }) => {
    const variable = serviceVariableName(name)
    const urls = parsedUrls(config.optional(variable))
    if (urls.length === 0)
      problems.push(`${variable} must hold base URLs of ${name}, like http://10.0.0.1:8101.`)
    return [name, urls] as const
  })
  if (problems.length > 0) throw new ConfigError('gateway', problems)
  return new Map(found)
}

const parsedUrls = (text: string): readonly URL[] =>
  text
    .split(',')
    .map((part) => URL.parse(part.trim()))
    .filter((url): url is URL => url?.protocol === 'http:')
