import { createHash } from 'node:crypto'
import type { Argument, RedisCommand } from './redis-call.ts'

/** Runs a script on keys and arguments. Keys and arguments may be Buffers. */
export type Script = (keys: readonly Argument[], args?: readonly Argument[]) => Promise<unknown>

/**
 * The caller of one script: by its SHA-1, and with its text when Redis has never seen it or was restarted.
 * NOSCRIPT means that nothing ran, so sending once more is safe.
 */
export function scriptCaller(
  lua: string,
  send: (command: RedisCommand) => Promise<unknown>,
  observed: (work: () => Promise<unknown>) => Promise<unknown>,
): Script {
  const sha = createHash('sha1').update(lua).digest('hex')
  return (keys, args = []) =>
    observed(async () => {
      const rest = [keys.length, ...keys, ...args]
      try {
        return await send(['EVALSHA', sha, ...rest])
      } catch (error) {
        if (!isUnknownScript(error)) throw error
        return await send(['EVAL', lua, ...rest])
      }
    })
}

const isUnknownScript = (error: unknown): boolean => (error as Error).message.startsWith('NOSCRIPT')
