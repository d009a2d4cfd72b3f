import { setTimeout as delay } from 'node:timers/promises'
import type { Context } from './context.ts'

/**
 * Runs `work` again and again, never twice at once, until the service stops (stage `work`). An error is logged and
 * does not end it.
 */
export function repeat(
  { life, log }: Context,
  { name, everyMs }: { name: string; everyMs: number },
  work: () => Promise<unknown>,
): void {
  const stopped = new AbortController()
  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await work().catch((err: unknown) => log.warn({ err, name }, 'background work failed'))
      await delay(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined)
    }
  }
  const running = loop()
  life.onStop('work', name, async () => {
    stopped.abort()
    await running
  })
}
