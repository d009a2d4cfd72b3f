import type { Logger } from 'pino'
import { within } from './within.ts'

/** The order in which a service stops; within a stage everything stops at once. */
export const stages = ['accept', 'consume', 'work', 'stores', 'telemetry'] as const
export type Stage = (typeof stages)[number]

export type State = 'starting' | 'ready' | 'stopping' | 'stopped'

/** What must be stopped, and what must answer before a service calls itself ready. */
export interface Lifecycle {
  readonly state: State
  /** Aborts when the stop begins. */
  readonly signal: AbortSignal
  /** Runs `stop` in its stage, once. */
  onStop(stage: Stage, name: string, stop: () => Promise<void> | void): void
  /**
   * Adds a readiness check; it rejects with the reason while the dependency is away.
   * @param vital false: shown with its reason, but the service is ready without it. Default true
   */
  check(name: string, probe: () => Promise<void> | void, vital?: boolean): void
  /** Whether the service cannot do its work while this check fails. */
  isVital(name: string): boolean
  /** Results of all checks: name → 'ok' or the reason. Each check has a second. */
  checks(): Promise<Readonly<Record<string, string>>>
  started(): void
  /** Readiness off → wait `drainMs` → stages in order. A stage that hangs is left behind at the deadline. */
  stop(drainMs: number, deadlineMs: number): Promise<void>
  /** A background part died for good: the process must end. Resolves `failed`. */
  fail(error: Error): void
  readonly failed: Promise<Error>
}

const checkWithinMs = 1000

/** Makes the life of one service instance. */
export function createLifecycle(log: Logger): Lifecycle {
  const stops = new Map<Stage, { name: string; stop: () => Promise<void> | void }[]>()
  const probes = new Map<string, () => Promise<void> | void>()
  const spared = new Set<string>()
  const abort = new AbortController()
  const failure = Promise.withResolvers<Error>()
  let state: State = 'starting'

  const stopStage = async (stage: Stage): Promise<void> => {
    const parts = stops.get(stage) ?? []
    const results = await Promise.allSettled(parts.map(async (part) => part.stop()))
    results.forEach((result, index) => {
      if (result.status === 'rejected')
        log.warn({ part: parts[index]?.name, err: result.reason }, 'part did not stop cleanly')
    })
  }

  const stopAll = async (drainMs: number): Promise<void> => {
    state = 'stopping'
    if (drainMs > 0) await new Promise((resolve) => setTimeout(resolve, drainMs))
    abort.abort()
    for (const stage of stages) await stopStage(stage)
    state = 'stopped'
  }
  let stopping: Promise<void> | undefined

  return {
    get state() {
      return state
    },
    signal: abort.signal,
    onStop: (stage, name, stop) => {
      stops.set(stage, [...(stops.get(stage) ?? []), { name, stop }])
    },
    check: (name, probe, vital = true) => {
      probes.set(name, probe)
      if (!vital) spared.add(name)
    },
    isVital: (name) => !spared.has(name),
    checks: async () =>
      Object.fromEntries(
        await Promise.all([...probes].map(async ([name, probe]) => [name, await outcome(probe)])),
      ),
    started: () => {
      if (state === 'starting') state = 'ready'
    },
    stop: (drainMs, deadlineMs) => (stopping ??= within(stopAll(drainMs), deadlineMs + drainMs)),
    fail: (error) => failure.resolve(error),
    failed: failure.promise,
  }
}

async function outcome(probe: () => Promise<void> | void): Promise<string> {
  try {
    await within(
      Promise.resolve().then(probe),
      checkWithinMs,
      `no answer within ${checkWithinMs} ms`,
    )
    return 'ok'
  } catch (error) {
    return (error as Error).message
  }
}
