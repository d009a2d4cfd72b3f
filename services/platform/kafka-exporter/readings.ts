import { within } from '../../kit/within.ts'
import type { Offsets, PartitionEnds } from '../../kit/kafka.ts'
import type { Meter } from '../../kit/metrics.ts'
import type { Topic } from '../../model/topic.ts'
import type { Topology } from '../../model/topology.ts'
import { lagOf } from './lag.ts'
import * as metrics from './metrics.ts'

/** Offsets of one topic and of the groups that consume it. */
interface Reading {
  readonly topic: Topic
  readonly ends: readonly PartitionEnds[]
  readonly groups: readonly { readonly name: string; readonly committed: Committed }[]
}
type Committed = ReadonlyMap<number, bigint>

const readWithinMs = 4000

/** Reads the offsets of every topic and group of the topology. @throws Error when Kafka does not answer in time */
export const readOffsets = (all: Topology, offsets: Offsets): Promise<readonly Reading[]> =>
  within(
    Promise.all(all.topics.map((topic) => readTopic(all, offsets, topic))),
    readWithinMs,
    `Kafka did not tell the offsets within ${readWithinMs} ms`,
  )

/** Replaces what the gauges say. */
export function exportReadings(meter: Meter, readings: readonly Reading[]): void {
  clear(meter)
  for (const { topic, ends, groups } of readings) {
    meter.set(metrics.partitions, { topic: topic.name }, ends.length)
    for (const end of ends) {
      const at = { topic: topic.name, partition: String(end.partition) }
      meter.set(metrics.endOffset, at, Number(end.high))
      for (const { name: group, committed } of groups) {
        const offset = committed.get(end.partition)
        meter.set(metrics.groupLag, { ...at, group }, lagOf(end, offset))
        if (offset !== undefined && offset >= 0n)
          meter.set(metrics.groupOffset, { ...at, group }, Number(offset))
      }
    }
  }
}

/** No figure is better than an old one: what cannot be read is not exported. */
export function clear(meter: Meter): void {
  const { partitions, endOffset, groupOffset, groupLag } = metrics
  for (const metric of [partitions, endOffset, groupOffset, groupLag]) meter.reset(metric)
}

async function readTopic(all: Topology, offsets: Offsets, topic: Topic): Promise<Reading> {
  const names = new Set(
    all.services.flatMap(({ consumes }) =>
      consumes.filter((one) => one.topic === topic).map(({ group }) => group),
    ),
  )
  const [ends, ...groups] = await Promise.all([
    offsets.ends(topic),
    ...[...names].map(async (name) => ({ name, committed: await offsets.committed(name, topic) })),
  ])
  return { topic, ends, groups }
}
