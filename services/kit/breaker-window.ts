/** The results of the last `size` calls. Fixed memory, constant time. */
export interface CountWindow {
  readonly calls: number
  /** Shares of failed and of slow calls, 0 to 1; 0 while empty. */
  readonly failureRate: number
  readonly slowRate: number
  add(failed: boolean, slow: boolean): void
}

const failedBit = 1
const slowBit = 2

/** Makes an empty window over `size` calls. */
export function countWindow(size: number): CountWindow {
  const ring = new Uint8Array(size)
  let next = 0
  let calls = 0
  let failures = 0
  let slows = 0
  return {
    get calls() {
      return calls
    },
    get failureRate() {
      return calls === 0 ? 0 : failures / calls
    },
    get slowRate() {
      return calls === 0 ? 0 : slows / calls
    },
    add: (failed, slow) => {
      const oldest = calls === size ? (ring[next] ?? 0) : 0
      ring[next] = (failed ? failedBit : 0) | (slow ? slowBit : 0)
      next = (next + 1) % size
      if (calls < size) calls += 1
      failures += Number(failed) - (oldest & failedBit)
      slows += Number(slow) - (oldest & slowBit) / slowBit
    },
  }
}
