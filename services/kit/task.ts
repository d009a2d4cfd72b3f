import type { Service } from '../model/service.ts'
import type { Context } from './context.ts'
import { firstSignal, signalCodes } from './signals.ts'

/**
 * One-off work of a service in a process of its own: no port, stores opened from the context as in `start`. It reports by
 * its log, and heeds `context.life.signal` where it may be ended between two steps.
 */
export type Task<S extends Service = Service> = (context: Context<S>) => Promise<void>

/** The work behind each word that a declaration names in `tasks`. */
export type Tasks<S extends Service = Service> = Readonly<Record<string, Task<S>>>

/**
 * Does a task to its end and closes what it opened. A signal stops it in order and makes the exit code 128 + its number.
 * @throws whatever the task threw
 */
export async function perform<S extends Service>(
  context: Context<S>,
  task: Task<S>,
): Promise<void> {
  const { config, life, log } = context
  const failed = life.failed.then((error) => Promise.reject(error))
  const signalled = firstSignal()
  const work = task(context)
  try {
    const signal = await Promise.race([work, failed, signalled])
    if (signal === undefined) return
    log.warn({ signal }, 'task ended before its end')
    process.exitCode = signalCodes[signal]
    work.catch(() => undefined)
  } finally {
    await life.stop(0, config.number('STOP_DEADLINE_MS'))
  }
}
