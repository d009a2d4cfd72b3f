import type { Supervisor } from '../supervisor/client.ts'

const lookEveryMs = 300
/** A process that ended so often before it was ready will not become ready by waiting. */
const hopelessRestarts = 3

/** Watches a process; `hopeless` resolves when it keeps ending, so that nobody waits for the whole deadline. */
export function crashLoop(name: string, supervisor: Supervisor) {
  const hopeless = Promise.withResolvers<void>()
  const before = restartsOf(name, supervisor)
  const timer = setInterval(async () => {
    const now = await restartsOf(name, supervisor)
    if (now - (await before) >= hopelessRestarts) hopeless.resolve()
  }, lookEveryMs)
  return { hopeless: hopeless.promise, stop: () => clearInterval(timer) }
}

async function restartsOf(name: string, supervisor: Supervisor): Promise<number> {
  const all = await supervisor.processes().catch(() => [])
  return all.find((one) => one.name === name)?.restarts ?? 0
}
