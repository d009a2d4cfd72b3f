/** Where the log ended at a moment. */
interface Sample {
  /** Epoch ms by Redis' clock, read before the ends were. */
  readonly time: number
  /** Next offset by partition. */
  readonly ends: ReadonlyMap<number, bigint>
}

/** Up to when everything that was appended is counted, whoever counts it. */
export interface Horizon {
  /** The log has these ends at `time` or later. */
  sampled(time: number, ends: ReadonlyMap<number, bigint>): void
  /** Epoch ms up to which all that was appended lies behind these fences; undefined while nobody can say. */
  countedUpTo(fences: readonly (bigint | undefined)[]): number | undefined
}

/** Two minutes at a look every half second: who is further behind serves nothing. */
const samplesKept = 240

/** A horizon over no samples. */
export function createHorizon(): Horizon {
  const samples: Sample[] = []
  return {
    sampled: (time, ends) => {
      samples.push({ time, ends })
      if (samples.length > samplesKept) samples.shift()
    },
    countedUpTo: (fences) =>
      samples.findLast(({ ends }) =>
        [...ends].every(([partition, end]) => (fences[partition] ?? 0n) >= end),
      )?.time,
  }
}
