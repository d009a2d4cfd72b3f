import { trace } from '@opentelemetry/api'
import type { Context } from '../../kit/context.ts'
import type { Received } from '../../kit/kafka.ts'
import type { CatalogChange } from '../topics.ts'
import { errors, failures, indexed, latency, stale } from './metrics.ts'
import type { Outcome } from './outcomes.ts'

/** What happens to the index, counted and logged. */
export interface Events {
  /** Times a bulk write and counts its outcomes. Returns them. */
  written(write: () => Promise<readonly Outcome[]>): Promise<readonly Outcome[]>
  /** A change went to the dead letters. */
  gaveUp(record: Received<CatalogChange>, cause: Error): void
}

export function createEvents({ meter, log }: Context): Events {
  return {
    written: async (write) => {
      const began = performance.now()
      const outcomes = await write()
      meter.observe(latency, undefined, (performance.now() - began) / 1000)
      const count = (...kinds: readonly Outcome['kind'][]): number =>
        outcomes.filter(({ kind }) => kinds.includes(kind)).length
      meter.add(indexed, undefined, count('indexed'))
      meter.add(stale, undefined, count('stale'))
      meter.add(errors, undefined, count('busy', 'refused'))
      return outcomes
    },
    gaveUp: ({ value: { id, version }, partition, offset }, cause) => {
      meter.add(failures, undefined)
      trace.getActiveSpan()?.addEvent('dead letter', { 'title.id': id })
      const place = { partition, offset: String(offset) }
      log.error({ title: id, version, ...place, err: cause }, 'title change could not be indexed')
    },
  }
}
