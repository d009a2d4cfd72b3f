import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Heal } from './drill.ts'

/** A process that stands still until it is healed, or until we are gone, however we went: our end closes the pipe. */
export async function paused(pid: number): Promise<Heal> {
  const script = 'kill -STOP "$1" && cat >/dev/null; kill -CONT "$1"'
  const keeper = spawn('/bin/sh', ['-c', script, 'sh', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const ended = once(keeper, 'exit')
  return async () => {
    keeper.stdin.end()
    await ended
  }
}
