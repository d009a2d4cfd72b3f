import { exitCodes } from './command.ts'

/**
 * The first signal aborts, so that the work clears up behind itself; the second one ends at once.
 * @param reason what the work is told, from the exit code of the signal
 */
export function interruption(reason: (code: number) => unknown): AbortSignal {
  const abort = new AbortController()
  for (const [signal, code] of [
    ['SIGINT', exitCodes.interrupted],
    ['SIGTERM', exitCodes.terminated],
  ] as const) {
    process.removeAllListeners(signal)
    process.once(signal, () => {
      abort.abort(reason(code))
      process.once(signal, () => process.exit(code))
    })
  }
  return abort.signal
}

/** Ctrl-C says a sentence and ends; for work that leaves nothing to clear up. */
export function endOnInterrupt(tell: () => void, code = exitCodes.interrupted): void {
  process.removeAllListeners('SIGINT')
  process.once('SIGINT', () => {
    tell()
    process.exit(code)
  })
}
