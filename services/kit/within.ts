/** Settles like `work`, or rejects with `reason` after `ms`. */
export async function within<Value>(
  work: Promise<Value>,
  ms: number,
  reason = `not done within ${ms} ms`,
): Promise<Value> {
  const timer = Promise.withResolvers<never>()
  const handle = setTimeout(() => timer.reject(new Error(reason)), ms)
  try {
    return await Promise.race([work, timer.promise])
  } finally {
    clearTimeout(handle)
  }
}
