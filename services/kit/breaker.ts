import CircuitBreaker from 'opossum'
import { EventEmitter } from 'node:events'
import { breakerMetrics, breakerStates, type BreakerPolicy } from '../model/breaker.ts'
import { counter, gauge } from '../model/metric.ts'
import {
  breakerMachine,
  type CallOutcome,
  type Controls,
  type Machine,
  type MachineEvents,
  type Permit,
} from './breaker-machine.ts'
import type { Context } from './context.ts'
import { Problem } from './problem.ts'
import { refusedFor } from './proxy-status.ts'

export type { Permit } from './breaker-machine.ts'

export const breakerState = gauge<'name' | 'state'>(breakerMetrics.state, {
  help: '1 for the state that a circuit breaker is in, 0 for the five others',
  labels: { name: [], state: breakerStates },
})

export const breakerCalls = counter<'name' | 'outcome'>('circuit_breaker_calls_total', {
  help: 'Calls that a circuit breaker let pass, by what it made of them',
  labels: { name: [], outcome: ['success', 'failure', 'slow'] },
})

export const breakerNotPermitted = counter<'name'>(breakerMetrics.notPermitted, {
  help: 'Calls that a circuit breaker did not let pass',
  labels: { name: [] },
})

export const breakerFailureRate = gauge<'name'>(breakerMetrics.failureRate, {
  help: 'Share of failed calls in the window, 0 to 1; 0 while there are too few to judge',
  labels: { name: [] },
})

export const breakerSlowRate = gauge<'name'>(breakerMetrics.slowRate, {
  help: 'Share of slow calls in the window, 0 to 1; 0 while there are too few to judge',
  labels: { name: [] },
})

const kinds = ['successful', 'failed'] as const

export const breakerBuffered = gauge<'name' | 'kind'>(breakerMetrics.buffered, {
  help: 'Calls in the window',
  labels: { name: [], kind: kinds },
})

export const breakerSlow = gauge<'name' | 'kind'>(breakerMetrics.slow, {
  help: 'Slow calls in the window',
  labels: { name: [], kind: kinds },
})

/** The breaker lets nothing pass: the callee was not asked. As a problem it is a 503 with `Retry-After`. */
export class BreakerOpenError extends Problem {
  readonly retryAfterMs: number
  constructor(service: string, name: string, retryAfterMs: number) {
    const headers = {
      'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))),
      ...refusedFor(service, name),
    }
    super(503, 'BREAKER_OPEN', `${name} is not asked at the moment, it failed too often.`, {
      headers,
    })
    this.name = 'BreakerOpenError'
    this.retryAfterMs = retryAfterMs
  }
}

/** The call took longer than the breaker's time limit. Whether it had an effect is unknown. */
export class BreakerTimeoutError extends Problem {
  constructor(name: string, limitMs: number) {
    const detail = `${name} did not answer within ${limitMs} ms.`
    super(503, 'TIMEOUT', detail, { headers: { 'retry-after': '1' } })
    this.name = 'BreakerTimeoutError'
  }
}

/** How a piece of work ended. */
export type Ending = { readonly error: unknown } | { readonly value: unknown }

/** What a breaker is told beside its policy. */
export interface BreakerOptions {
  /** Time limit of `run`; none by default. The work's signal aborts then. */
  readonly timeLimitMs?: number
  /** What counts as a failure of the callee; by default everything thrown. */
  readonly failed?: (ending: Ending) => boolean
}

/** Leave for one piece of work, before it is done: it is used once, or given back. */
export interface Admission {
  /** As `Breaker.run`, with the leave that was given. */
  run: Breaker['run']
  release(): void
}

/** A circuit breaker around one dependency. */
export interface Breaker extends Pick<Controls, 'state' | 'choose'> {
  readonly name: string
  /**
   * The low level, for work that is no promise: the caller tells the permit how it ended.
   * @throws BreakerOpenError when nothing may pass
   */
  acquire(): Permit
  /**
   * Leave for a later `run`, for those who must know that it may pass before they prepare it.
   * @throws BreakerOpenError when nothing may pass
   */
  admit(): Admission
  /**
   * Runs `work` when the breaker lets it pass. Its signal aborts at the time limit and with `signal`; an abort by
   * `signal` counts neither way.
   * @throws BreakerOpenError, BreakerTimeoutError, or what `work` throws
   */
  run<Value>(work: (signal: AbortSignal) => Promise<Value>, signal?: AbortSignal): Promise<Value>
}

/**
 * Makes a breaker, and puts it among `context.breakers`, by which people see and steer it.
 * @param name unique in the service; the label of its metrics
 */
export function breaker(
  context: Context,
  name: string,
  policy: BreakerPolicy,
  options: BreakerOptions = {},
): Breaker {
  const machine = breakerMachine(policy, context.clock, instruments(context, name))
  context.breakers.set(name, machine)
  sampleMachine(context, name, machine)
  const acquire = (): Permit => {
    const entered = machine.enter()
    if (typeof entered !== 'number') return entered
    throw new BreakerOpenError(context.service.name, name, entered)
  }
  const admit = admitting(name, acquire, options)
  return {
    name,
    get state() {
      return machine.state
    },
    acquire,
    admit,
    run: async (work, signal) => {
      signal?.throwIfAborted()
      return admit().run(work, signal)
    },
    choose: machine.choose,
  }
}

/** What is counted stands in plain numbers and is read at each scrape: the breaker is on every hot path. */
function instruments({ meter, log }: Context, name: string): MachineEvents {
  const counts = { success: 0, failure: 0, slow: 0 }
  for (const outcome of Object.keys(counts) as CallOutcome[])
    meter.sampled(breakerCalls, { name, outcome }, () => counts[outcome])
  return {
    onOutcome: (outcome) => void (counts[outcome] += 1),
    onState: (to, from) => {
      if (to !== from) log.warn({ breaker: name, from, to }, 'circuit breaker changed')
    },
  }
}

function sampleMachine({ meter }: Context, name: string, machine: Machine): void {
  for (const state of breakerStates)
    meter.sampled(breakerState, { name, state }, () => Number(machine.state === state))
  meter.sampled(breakerNotPermitted, { name }, () => machine.notPermitted)
  meter.sampled(breakerFailureRate, { name }, () => machine.failureRate ?? 0)
  meter.sampled(breakerSlowRate, { name }, () => machine.slowRate ?? 0)
  for (const kind of kinds) {
    const part = (failed: number, all: number) => (kind === 'failed' ? failed : all - failed)
    meter.sampled(breakerBuffered, { name, kind }, () => {
      const { failed, calls } = machine.counts
      return part(failed, calls)
    })
    meter.sampled(breakerSlow, { name, kind }, () => {
      const { slowFailed, slow } = machine.counts
      return part(slowFailed, slow)
    })
  }
}

/** opossum fires the work and keeps its time; whether it may run and what its end means is the machine's. */
function admitting(name: string, acquire: () => Permit, options: BreakerOptions) {
  const failed = options.failed ?? ((ending: Ending) => 'error' in ending)
  const fire = firing(name, options.timeLimitMs)
  return (): Admission => {
    const permit = acquire()
    return { run: running(permit, { fire, failed }), release: permit.release }
  }
}

function running(
  permit: Permit,
  { fire, failed }: { fire: Fire; failed: (ending: Ending) => boolean },
): Breaker['run'] {
  return async <Value>(work: (signal: AbortSignal) => Promise<Value>, signal?: AbortSignal) => {
    const startedAt = performance.now()
    const settle = (ending: Ending): void => {
      const ms = performance.now() - startedAt
      if (signal?.aborted) permit.release()
      else if (failed(ending)) permit.failure(ms)
      else permit.success(ms)
    }
    try {
      const value = await fire(work, signal)
      settle({ value })
      return value
    } catch (error) {
      settle({ error })
      throw error
    }
  }
}

type Fire = <Value>(
  work: (signal: AbortSignal) => Promise<Value>,
  outer: AbortSignal | undefined,
) => Promise<Value>

/** opossum keeps latencies until its window turns; turned by count instead of by an interval timer. */
const turnAfter = 256

function firing(name: string, timeLimitMs: number | undefined): Fire {
  const turn = new EventEmitter()
  const circuit = new CircuitBreaker(
    (work: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal) => work(signal),
    {
      name,
      timeout: timeLimitMs ?? false,
      // Never opens by itself: its rules are not ours (opens above the threshold only, one half-open probe).
      volumeThreshold: Number.MAX_SAFE_INTEGER,
      errorThresholdPercentage: Infinity,
      rollingCountBuckets: 1,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rotateBucketController: turn,
    },
  )
  let fired = 0
  return async <Value>(
    work: (signal: AbortSignal) => Promise<Value>,
    outer: AbortSignal | undefined,
  ) => {
    const abort = new AbortController()
    const signal = outer ? AbortSignal.any([abort.signal, outer]) : abort.signal
    fired += 1
    if (fired % turnAfter === 0) turn.emit('rotate')
    try {
      return (await circuit.fire(work, signal)) as Value
    } catch (error) {
      if (!CircuitBreaker.isOurError(error as Error)) throw error
      const late = new BreakerTimeoutError(name, timeLimitMs ?? 0)
      abort.abort(late)
      throw late
    }
  }
}
