import { z } from 'zod'
import type { Service } from '../../model/service.ts'

const count = (least: number) => z.coerce.number<string>().int().min(least)

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
}

export type WorkerService = Service & { readonly settings: typeof workerSettings }
