/** One process that the supervisor keeps running: everything that it must know, as plain data. */
export interface ProcessSpec {
  /** `rank-1`, `kafka`: unique in the checkout; also the name of the pid and log file. */
  readonly name: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly stopSignal: 'SIGTERM' | 'SIGINT'
  readonly stopWithinMs: number
  /** Processes of a higher tier stop first: services before exporters before engines. */
  readonly tier: number
  readonly ports: Readonly<Record<string, number>>
  /** It does one thing and ends: it is not started again. */
  readonly once?: boolean
}

/** `waiting`: it ended by itself and starts again after a pause. */
export type Phase = 'running' | 'waiting' | 'stopping' | 'stopped'

/** What `ps` shows of one process. */
export interface ProcessStatus {
  readonly name: string
  readonly phase: Phase
  readonly tier: number
  readonly pid: number | undefined
  /** Epoch milliseconds at which this phase began. */
  readonly since: number
  /** Starts after an end of its own since `up` asked for it. */
  readonly restarts: number
  /** How it ended last, e.g. "code 1" or "SIGKILL". */
  readonly lastEnd: string | undefined
  readonly ports: Readonly<Record<string, number>>
}

/** How to reach and recognise the supervisor of a checkout; a file of mode 0600. */
export interface Contact {
  readonly pid: number
  readonly startTime: string
  readonly url: string
  readonly token: string
}

/** A process as the journal remembers it, so that it can be ended after the supervisor was killed. */
export interface Entry {
  readonly name: string
  readonly pid: number
  readonly startTime: string
  readonly stopSignal: ProcessSpec['stopSignal']
  readonly stopWithinMs: number
  readonly tier: number
}

/** Pauses before a start after an end: the first, doubled each time, at most the last; reset by a long life. */
export const backOff = { firstMs: 250, maxMs: 10_000, resetAfterMs: 30_000 }
