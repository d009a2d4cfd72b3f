import pLimit from 'p-limit'
import type { Context } from '../../kit/context.ts'
import { nudger } from '../../kit/nudge.ts'
import { contextFrom, followedBy, inSpan, SpanKind, type SpanStart } from '../../kit/spans.ts'
import type { Leave } from './gateway-calls.ts'
import { conclude } from './outcomes.ts'
import type { Request } from './requests.ts'
import { leaseMs } from './schedule.ts'
import { callsAtOnce } from './settings.ts'
import { claimDue } from './store.ts'
import type { Worker } from './worker.ts'

/** `claimed`: rows of one look. `paceMs`: pause before the next one while more are due, so that each brings several. */
const limits = { claimed: 64, paceMs: 20, writes: 8 }

/** Takes up what is due. */
export interface Claimer {
  /** Looks at once: something is due. */
  wake(): void
}

/**
 * Takes up requests that are due, first tries and retries alike, and asks the gateway for them, until the service stops:
 * what is under way then is finished. Several replicas may work on one table. First the breaker’s leave, then the row:
 * while the gateway is left alone no row is touched.
 */
export function claimRequests(context: Context, worker: Worker): Claimer {
  const stopped = new AbortController()
  const nudge = nudger(stopped.signal)
  const crew = crewOf(context, worker)
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const hasMore = await crew.round().catch((err: unknown) => {
        context.log.warn({ err }, 'requests cannot be looked for')
        return false
      })
      if (hasMore) await nudge.wait(limits.paceMs, false)
      else await nudge.wait(worker.times.lookEveryMs, true)
    }
  }
  const running = loop()
  context.life.onStop('work', 'claimer', async () => {
    stopped.abort()
    await running
    await crew.done()
  })
  return { wake: nudge.now }
}

/** Those who are busy with a request each. */
function crewOf(context: Context, worker: Worker) {
  const { database, statements, gateway, times } = worker
  const busy = new Set<Promise<void>>()
  // As many as the pool has connections for, with some to spare; what was heard waits here rather than there.
  const writing = pLimit(limits.writes)
  const tend = async (request: Request, leave: Leave): Promise<void> => {
    try {
      await inSpan(
        context.tracer,
        `ask ${worker.trade.tables.name}`,
        startOf(request),
        async () => {
          const verdict = await leave.ask(request)
          worker.events.heard(request, verdict)
          await writing(() => conclude(worker, request, verdict))
        },
      )
    } catch (err) {
      // The lease ends, and the gateway is asked again under the same key.
      context.log.warn({ err, request: request.id }, 'what the gateway said could not be written')
    }
  }
  return {
    /** @returns whether more may be due */
    round: async (): Promise<boolean> => {
      const free = Math.min(limits.claimed, callsAtOnce - busy.size)
      if (free === 0) return true
      const leaves = gateway.leaves(free)
      if (leaves.length === 0) return false
      const due = await claimDue(database, statements, {
        count: leaves.length,
        leaseMs: leaseMs(times),
      }).catch(releasing(leaves))
      for (const [at, leave] of leaves.entries()) {
        const request = due[at]
        if (!request) {
          leave.release()
          continue
        }
        const work = tend(request, leave).finally(() => busy.delete(work))
        busy.add(work)
      }
      return due.length === leaves.length
    },
    done: async () => void (await Promise.all(busy)),
  }
}

const releasing =
  (leaves: readonly Leave[]) =>
  (error: unknown): never => {
    for (const leave of leaves) leave.release()
    throw error
  }

/** A part of the trace that asked for it, or, when that was long ago, one of its own. */
function startOf({ traceparent, ageMs }: Request): SpanStart {
  const kind = SpanKind.INTERNAL
  if (traceparent === null) return { kind, parent: 'root' }
  const follows = followedBy(traceparent, ageMs)
  return 'links' in follows
    ? { kind, parent: 'root', links: follows.links }
    : { kind, parent: contextFrom(traceparent) }
}
