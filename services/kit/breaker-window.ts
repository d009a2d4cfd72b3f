/** What the last calls were. */
export interface WindowCounts {
  readonly calls: number
  /** Of them; a call may be both. */
  readonly failed: number
  readonly slow: number
  readonly slowFailed: number
}

/** The results of the last `size` calls. Fixed memory, constant time. */
export interface CountWindow extends WindowCounts {
  add(failed: boolean, slow: boolean): void
}

const failedBit = 1
const slowBit = 2

/** Makes an empty window over `size` calls. */
export function countWindow(size: number): CountWindow {
  const ring = new Uint8Array(size)
  let next = 0
  let calls = 0
  let failed = 0
  let slow = 0
  let slowFailed = 0
  const count = (bits: number, by: 1 | -1): void => {
    calls += by
    if (bits & failedBit) failed += by
    if (bits & slowBit) slow += by
    if (bits === (failedBit | slowBit)) slowFailed += by
  }
  return {
    get calls() {
      return calls
    },
    get failed() {
      return failed
    },
    get slow() {
      return slow
    },
    get slowFailed() {
      return slowFailed
    },
    add: (isFailed, isSlow) => {
      if (calls === size) count(ring[next] ?? 0, -1)
      const bits = (isFailed ? failedBit : 0) | (isSlow ? slowBit : 0)
      count(bits, 1)
      ring[next] = bits
      next = (next + 1) % size
    },
  }
}
