import { z } from 'zod'
import type { Service } from '../../model/service.ts'

const count = (least: number) => z.coerce.number<string>().int().min(least)

/** Calls of the gateway that one replica of a worker has under way at most. */
export const callsAtOnce = 512

/** Who has had something tried again, or put a breaker into a state. */
export const auditKeptDays = {
  schema: count(1).default(365),
  summary: 'Days that the audit trail is kept; 365 by default',
}

/** What may be set of a worker that asks the payment gateway. */
export const workerSettings = {
  gatewayTimeoutMs: {
    schema: count(50).default(10_000),
    summary:
      'How long the payment gateway may take; a try is alone with its request for 1.5 times as long, and one of unknown result is repeated after 2 times as long; 10000 by default',
  },
  breakerOpenMs: {
    schema: count(10).default(60_000),
    summary: 'For how long a gateway that fails is left alone; 60000 by default',
  },
  maxRetries: {
    schema: count(1).default(10),
    summary: 'Tries that come to nothing before a request becomes a dead letter; 10 by default',
  },
  retryIntervalMs: {
    schema: count(1).default(30_000),
    summary:
      'Pause after the first try that came to nothing; it doubles, to half an hour at most; 30000 by default',
  },
  lookEveryMs: {
    schema: count(10).default(250),
    summary: 'How often requests that are due are looked for; 250 by default',
  },
  requestsKeptDays: {
    // For as long as the inbox knows events that may come again.
    schema: count(14).default(90),
    summary:
      'Days for which requests that came to their end are kept, those that were given up until somebody decides; 90 by default, at least 14',
  },
  auditKeptDays,
}

export type WorkerService = Service & { readonly settings: typeof workerSettings }
