import type { Lab } from './lab.ts'

/** What was measured of one contender under one load. */
export interface Figures {
  /** E.g. `closed, 32 connections` or `open, 1000/s`. */
  readonly load: string
  /** Done as wanted. */
  readonly completed: number
  /** Answered otherwise, or not at all. */
  readonly failed: number
  readonly seconds: number
  /** CPU of the contender's processes per completed operation, in microseconds. */
  readonly cpuUs?: number
  /** CPU of the stores that it asks, per completed operation. */
  readonly storesCpuUs?: number
  readonly rssMiB?: number
  /** From the moment at which a request was due. */
  readonly latencyMs?: {
    readonly p50: number
    readonly p95: number
    readonly p99: number
    readonly max: number
  }
}

/** Figures of one contender in one round. */
export interface Turn extends Figures {
  readonly contender: string
  readonly round: number
}

/** What is wanted of ours against a peer of the same run. */
export interface RatioGoal {
  readonly ours: string
  readonly peer: string
  /**
   * `cost`: CPU per operation, `p99`: latency; at most. `yield`: operations per second of CPU, `rate`: operations per
   * second; at least.
   */
  readonly of: 'cost' | 'yield' | 'rate' | 'p99'
  readonly bound: number
  /** The load at which it is taken; the benchmark's by default. */
  readonly load?: string
}

/** What is wanted whatever others do. */
export interface LatencyGoal {
  readonly ours: string
  readonly of: 'p95' | 'p99'
  /** Milliseconds, below which it must be. */
  readonly bound: number
}

/** How much is wanted. */
export interface RateGoal {
  readonly ours: string
  readonly of: 'rate'
  /** Operations per second, at least. */
  readonly bound: number
  /** What it is to be read beside. */
  readonly beside?: string
}

export type Goal = RatioGoal | LatencyGoal | RateGoal

/** One comparison. It reports; it fails only when it could not be made. */
export interface Benchmark {
  readonly name: string
  readonly summary: string
  readonly goals: readonly Goal[]
  /** The load at which ratios are taken. */
  readonly load: string
  run(lab: Lab): Promise<Outcome>
}

export interface Outcome {
  readonly turns: readonly Turn[]
  /** Versions of all that took part, by name. */
  readonly versions: Readonly<Record<string, string>>
}
