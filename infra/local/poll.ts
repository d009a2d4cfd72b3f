import { setTimeout as delay } from 'node:timers/promises'

/** Asks until there is no reason any more. @returns the last one when there still is at the deadline */
export async function lastReason(
  why: () => Promise<string | undefined>,
  wait: { readonly withinMs: number; readonly everyMs: number },
): Promise<string | undefined> {
  let reason: string | undefined
  await poll(async () => {
    reason = await why()
    return reason === undefined ? true : undefined
  }, wait)
  return reason
}

/** Asks until the answer is not undefined; undefined when it still is at the deadline. */
export async function poll<Value>(
  ask: () => Value | undefined | Promise<Value | undefined>,
  { withinMs, everyMs }: { readonly withinMs: number; readonly everyMs: number },
): Promise<Value | undefined> {
  for (const until = performance.now() + withinMs; ; await delay(everyMs)) {
    const value = await ask()
    if (value !== undefined || performance.now() > until) return value
  }
}
