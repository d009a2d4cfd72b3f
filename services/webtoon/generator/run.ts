import { within } from '../../kit/lifecycle.ts'
import type { Events } from './events.ts'
import { pacer } from './pacer.ts'
import { readers } from './readers.ts'
import type { Sender } from './senders.ts'
import { perSecond, speedometer } from './speed.ts'
import type { Parameters } from './wishes.ts'

/** A run in figures; all begin at 0. What is generated and neither published nor an error is under way. */
export interface Figures {
  readonly running: boolean
  readonly actualPerSecond: number
  readonly totalGenerated: number
  readonly totalPublished: number
  readonly totalErrors: number
  readonly totalSkipped: number
  readonly startedAt: string | null
  readonly stoppedAt: string | null
}

/** One run of the generator. */
export interface Run {
  readonly parameters: Parameters
  figures(): Figures
  /** Makes no more events and waits up to 5 s for those under way. Also after the end. */
  stop(): Promise<void>
}

export interface RunParts {
  readonly sender: Sender
  readonly events: Events
  /** Epoch milliseconds. */
  readonly clock: () => number
  /** Milliseconds that never jump. */
  readonly stopwatch: () => number
}

const settleWithinMs = 5000

/**
 * Starts an open-loop run: what is due is handed over at each tick, whether or not earlier events have come back.
 * It ends by itself after its duration.
 */
export function startRun(parameters: Parameters, parts: RunParts): Run {
  const { sender, events, clock, stopwatch } = parts
  const pace = pacer(parameters)
  const eventOf = readers(parameters, clock)
  const total = { generated: 0, published: 0, errors: 0, skipped: 0 }
  const underWay = new Set<Promise<void>>()
  const [startedAt, began] = [clock(), stopwatch()]
  const speed = speedometer(began)
  let stoppedAt: number | undefined
  let endedAfterMs = 0

  const hand = async (first: number, count: number, elapsedMs: number): Promise<void> => {
    const made = Array.from({ length: count }, (_, at) => eventOf(first + at, elapsedMs))
    total.generated += count
    events.made(count)
    const handed = stopwatch()
    const outcome = await sender.send(made)
    const failed = count - outcome.acknowledged
    total.published += outcome.acknowledged
    total.errors += failed
    events.sent({ ...outcome, failed, seconds: (stopwatch() - handed) / 1000 })
  }
  const tick = (): void => {
    const elapsedMs = stopwatch() - began
    const { first, count, skipped } = pace.take(elapsedMs, sender.mostPerTick)
    if (skipped > 0) events.skipped(skipped)
    total.skipped += skipped
    if (count > 0) track(underWay, hand(first, count, elapsedMs))
    speed.note(stopwatch(), total.published)
    if (pace.finished(elapsedMs)) end()
  }
  const timer = setInterval(tick, sender.tickMs)
  const end = (): void => {
    if (stoppedAt !== undefined) return
    clearInterval(timer)
    stoppedAt = clock()
    endedAfterMs = stopwatch() - began
    events.ended({ ...total })
  }
  events.started(parameters)

  return {
    parameters,
    figures: () => ({
      running: stoppedAt === undefined,
      actualPerSecond: stoppedAt
        ? perSecond(total.published, endedAfterMs)
        : speed.read(stopwatch(), total.published),
      totalGenerated: total.generated,
      totalPublished: total.published,
      totalErrors: total.errors,
      totalSkipped: total.skipped,
      startedAt: new Date(startedAt).toISOString(),
      stoppedAt: stoppedAt ? new Date(stoppedAt).toISOString() : null,
    }),
    stop: async () => {
      end()
      await within(Promise.all(underWay), settleWithinMs).catch(() => undefined)
    },
  }
}

function track(all: Set<Promise<void>>, work: Promise<void>): void {
  const tracked = work.finally(() => all.delete(tracked))
  all.add(tracked)
}
