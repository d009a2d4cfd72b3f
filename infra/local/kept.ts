import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Ends it, and resolves when it is over. */
type End = () => Promise<void>

/**
 * Something that a shell keeps up until it is ended, or until we are gone, however we went: our end closes the pipe that
 * the script reads. Whoever ends it writes one line first.
 */
export function kept(
  script: string,
  words: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
): End {
  const keeper = spawn('/bin/sh', ['-c', script, 'sh', ...words], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env,
  })
  const ended = once(keeper, 'exit')
  return async () => {
    keeper.stdin.end('ended\n')
    await ended
  }
}

/** A process that stands still. */
export const paused = (pid: number): End =>
  kept('kill -STOP "$1" && cat >/dev/null; kill -CONT "$1"', [String(pid)])
