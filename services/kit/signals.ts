/** Numbers that a process ends with when a signal ended it: 128 + the signal's number. */
export const signalCodes = { SIGINT: 130, SIGTERM: 143 } as const

/** Resolves with the first signal that asks the process to end; the second ends it at once. */
export function firstSignal(): Promise<keyof typeof signalCodes> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.on(signal, () => process.exit(signalCodes[signal]))
        resolve(signal)
      })
    }
  })
}
