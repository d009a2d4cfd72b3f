import type { Queryable } from '../../kit/mariadb.ts'
import type { Route } from '../../model/route.ts'
import type { Topic } from '../../model/topic.ts'
import type { Tables } from './statements.ts'

export const requestStatuses = ['PENDING', 'SUCCESS', 'FAILED'] as const
export type RequestStatus = (typeof requestStatuses)[number]

/** Something that the payment gateway is to do once, however often it must be asked. */
export interface Request {
  readonly seq: number
  /** Of the payment where it is captured, which happens once; of the refund where it is refunded. */
  readonly id: string
  readonly paymentId: string
  readonly merchantId: string
  /** The payment’s, when this was asked for. */
  readonly version: number
  readonly amount: number
  readonly currency: string
  readonly status: RequestStatus
  /** Counts those who took it up: whoever writes names it, so nobody who was overtaken can. */
  readonly attempt: number
  /** Tries that are known to have come to nothing. */
  readonly retryCount: number
  /** Whether a try may have had its effect, and nobody knows. */
  readonly isUnknown: boolean
  /** Whether it was given up, so that people decide. */
  readonly isDead: boolean
  readonly traceparent: string | null
  /** By the database’s clock. */
  readonly ageMs: number
}

/** What every event that asks for something says. */
export interface Asked {
  readonly eventId: string
  readonly paymentId: string
  readonly merchantId: string
  readonly version: number
  readonly amount: number
  readonly currency: string
}

/** Why something was not done. */
export interface Refusal {
  readonly code: string
  readonly message: string
  /** Whether the gateway decided so; else it was given up, and people may have it tried again. */
  readonly isFinal: boolean
}

/** What tells two workers apart that ask the payment gateway for something. */
export interface Trade<Event extends Asked = Asked> {
  readonly tables: Tables
  /** Names its circuit breaker. */
  readonly breaker: string
  readonly asked: Topic<Event>
  idOf(event: Event): string
  /** How the gateway is asked: under a key that is the same for every try. */
  callOf(request: Request): { readonly to: Route; readonly body: unknown }
  /** Reports that it is done, in the transaction that writes it. */
  reportDone(tx: Queryable, request: Request): Promise<void>
  /** Reports that it will not be done. */
  reportFailed(tx: Queryable, request: Request, why: Refusal): Promise<void>
  /** Why one that was given up must not be taken up again; undefined: it may be. */
  objectionTo(tx: Queryable, request: Request): Promise<string | undefined>
}
