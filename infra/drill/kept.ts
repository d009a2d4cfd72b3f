import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Heal } from './drill.ts'

/**
 * Something that a shell keeps up until it is healed, or until we are gone, however we went: our end closes the pipe
 * that the script reads. A heal is one line on it.
 */
export function kept(
  script: string,
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): Heal {
  const keeper = spawn('/bin/sh', ['-c', script, 'sh', ...words], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env,
  })
  const ended = once(keeper, 'exit')
  return async () => {
    keeper.stdin.end('healed\n')
    await ended
  }
}

/** A process that stands still. */
export const paused = (pid: number): Heal =>
  kept('kill -STOP "$1" && cat >/dev/null; kill -CONT "$1"', [String(pid)])
