/** The pauses of a loop that somebody may end early, because there is work. */
export interface Nudger {
  now(): void
  /** Resolves after `ms`, at the stop, or (if `hurried`) at the next nudge; a nudge since the last wait counts. */
  wait(ms: number, hurried: boolean): Promise<void>
}

export function nudger(stopped: AbortSignal): Nudger {
  let nudged = false
  let wake = (): void => undefined
  stopped.addEventListener('abort', () => wake())
  let hurry = true
  return {
    now: () => {
      nudged = true
      if (hurry) wake()
    },
    wait: async (ms, hurried) => {
      hurry = hurried
      if (stopped.aborted || (hurried && nudged)) {
        nudged = false
        return
      }
      const woken = Promise.withResolvers<void>()
      wake = woken.resolve
      const timer = setTimeout(woken.resolve, ms)
      await woken.promise
      clearTimeout(timer)
      nudged = false
    },
  }
}
