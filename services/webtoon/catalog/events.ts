import { trace } from '@opentelemetry/api'
import type { Context } from '../../kit/context.ts'
import { Problem } from '../../kit/problem.ts'
import type { Changed } from './changes.ts'
import { changes, conflicts } from './metrics.ts'

/** What happens in the catalogue, counted, logged and noted on the active span. */
export interface Events {
  /** A change is committed. Returns it. */
  changed(changed: Changed): Changed
  /** Counts the conflicts among the failures of a change. */
  watch(change: Promise<Changed>): Promise<Changed>
}

const conflictReasons: Readonly<Record<string, 'if_match' | 'version'>> = {
  PRECONDITION_FAILED: 'if_match',
  VERSION_CONFLICT: 'version',
}

export function createEvents({ meter, log }: Context): Events {
  return {
    changed: (changed) => {
      const { change, title } = changed
      meter.add(changes, { change })
      trace.getActiveSpan()?.setAttributes({ 'title.id': title.id, 'title.version': title.version })
      log.info({ title: title.id, version: title.version, change }, 'title changed')
      return changed
    },
    watch: async (change) => {
      try {
        return await change
      } catch (error) {
        const reason = error instanceof Problem ? conflictReasons[error.code] : undefined
        if (reason) meter.add(conflicts, { reason })
        throw error
      }
    },
  }
}
