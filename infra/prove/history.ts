import type { Platform } from '../verify/check.ts'

/** One thing that a client did, and what it knows of it: `unknown` may have had an effect or none. */
export interface Op<Kind extends string = string> {
  readonly kind: Kind
  /** By which a write is recognised in its store. */
  readonly id: string
  /** When it was asked for, epoch ms, and how long its answer took. */
  readonly at: number
  readonly ms: number
  /** 0: nobody answered. */
  readonly status: number
  readonly outcome: 'ok' | 'refused' | 'unknown'
  /** What a refusal says beside its status. */
  readonly code?: string
  readonly retryAfter?: string
}

/** Open-loop use of the front door that goes on until it is stopped. */
export interface Load<Kind extends string = string> {
  readonly ops: readonly Op<Kind>[]
  /** Sends no more and waits for what is under way. */
  stop(): Promise<void>
  /** What the stores say of all that was done, once it was stopped: one sentence for each thing that must not be. */
  judged(platform: Platform): Promise<readonly string[]>
}

/** What is refused did nothing; of what failed otherwise nobody knows. */
export const outcomeOf = (status: number): Op['outcome'] =>
  status >= 200 && status < 300 ? 'ok' : status >= 400 && status < 500 ? 'refused' : 'unknown'
