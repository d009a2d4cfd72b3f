import type { PartitionEnds } from '../../kit/kafka.ts'

/**
 * Records that a group has still to read. Without a committed offset it will begin at the first record there is;
 * a committed offset may also point at records that retention has deleted.
 * @param committed undefined or negative: none
 */
export function lagOf({ low, high }: PartitionEnds, committed: bigint | undefined): number {
  const next = committed === undefined || committed < low ? low : committed
  return next > high ? 0 : Number(high - next)
}
