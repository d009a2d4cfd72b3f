import type { Context } from '../../kit/context.ts'
import * as metrics from './metrics.ts'
import type { Sent } from './senders.ts'
import type { Parameters } from './wishes.ts'

/** What happens in a run, counted and logged. */
export interface Events {
  started(parameters: Parameters): void
  ended(figures: object): void
  made(count: number): void
  skipped(count: number): void
  sent(outcome: Sent & { failed: number; seconds: number }): void
}

/** Failures are logged when they begin and when they are over: at a rate of thousands nobody reads each. */
export function createEvents({ meter, log }: Context): Events {
  let failing = false
  return {
    started: (parameters) => log.info(parameters, 'run started'),
    ended: (figures) => log.info(figures, 'run ended'),
    made: (count) => meter.add(metrics.generated, undefined, count),
    skipped: (count) => {
      meter.add(metrics.skipped, undefined, count)
      log.warn({ count }, 'events fell due over a second ago and are left out')
    },
    sent: ({ acknowledged, failed, failure, seconds }) => {
      meter.add(metrics.published, undefined, acknowledged)
      meter.add(metrics.errors, undefined, failed)
      meter.observe(metrics.publishDuration, undefined, seconds)
      if (failed > 0 && !failing) log.warn({ failed, err: failure }, 'events are not acknowledged')
      if (failed === 0 && failing) log.info('events are acknowledged again')
      failing = failed > 0
    },
  }
}
