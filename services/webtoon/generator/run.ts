import { within } from '../../kit/within.ts'
import type { Events } from './events.ts'
import { pacer, type Share } from './pacer.ts'
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
  const ledger = openLedger(parameters, parts)
  const { total } = ledger
  const [startedAt, began] = [clock(), stopwatch()]
  const speed = speedometer(began)
  let stopped: { at: number; elapsedMs: number } | undefined

  const tick = (): void => {
    const elapsedMs = stopwatch() - began
    const share = pace.take(elapsedMs, sender.mostPerTick)
    ledger.skip(share.skipped)
    if (share.count > 0) ledger.hand(share, elapsedMs)
    speed.note(stopwatch(), total.published)
    if (pace.finished(elapsedMs)) end()
  }
  const timer = setInterval(tick, sender.tickMs)
  const end = (): void => {
    if (stopped) return
    clearInterval(timer)
    stopped = { at: clock(), elapsedMs: stopwatch() - began }
    events.ended({ ...total })
  }
  events.started(parameters)

  return {
    parameters,
    figures: () => ({
      running: stopped === undefined,
      actualPerSecond: stopped
        ? perSecond(total.published, stopped.elapsedMs)
        : speed.read(stopwatch(), total.published),
      totalGenerated: total.generated,
      totalPublished: total.published,
      totalErrors: total.errors,
      totalSkipped: total.skipped,
      startedAt: new Date(startedAt).toISOString(),
      stoppedAt: stopped ? new Date(stopped.at).toISOString() : null,
    }),
    stop: async () => {
      end()
      await within(ledger.settled(), settleWithinMs).catch(() => undefined)
    },
  }
}

/** Hands events over and keeps the books: what is neither published nor an error is under way. */
function openLedger(parameters: Parameters, { sender, events, clock, stopwatch }: RunParts) {
  const eventOf = readers(parameters, clock)
  const total = { generated: 0, published: 0, errors: 0, skipped: 0 }
  const underWay = new Set<Promise<void>>()
  const send = async ({ first, count }: Share, elapsedMs: number): Promise<void> => {
    const made = Array.from({ length: count }, (_, at) => eventOf(first + at, elapsedMs))
    total.generated += count
    events.made(count)
    const handedAt = stopwatch()
    const outcome = await sender.send(made)
    const failed = count - outcome.acknowledged
    total.published += outcome.acknowledged
    total.errors += failed
    events.sent({ ...outcome, failed, seconds: (stopwatch() - handedAt) / 1000 })
  }
  return {
    total,
    hand: (share: Share, elapsedMs: number): void => {
      const sent = send(share, elapsedMs).finally(() => underWay.delete(sent))
      underWay.add(sent)
    },
    skip: (count: number): void => {
      total.skipped += count
      if (count > 0) events.skipped(count)
    },
    settled: () => Promise.all(underWay),
  }
}
