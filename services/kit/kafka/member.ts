import type { Duty, Watch } from './duty.ts'
import { retries } from './client.ts'
import { bySubscription } from './assigner.ts'
import { partitionsOf } from './partitions.ts'

const settings = {
  maxBytesPerPartition: 1024 * 1024,
  // What is decoded at once and waits for its turn outlives V8's young generation.
  maxBytes: 2 * 1024 * 1024,
  allowAutoTopicCreation: false,
}

/** @param sessionMs for how long a silent member keeps its partitions */
const timesOf = (sessionMs: number) => ({
  sessionTimeout: sessionMs,
  heartbeatInterval: Math.floor(0.3 * sessionMs),
  rebalanceTimeout: 3 * sessionMs,
  // A seek, a resume, a stop and a heartbeat wait for the fetch that is under way.
  maxWaitTimeInMs: Math.min(500, Math.floor(0.1 * sessionMs)),
})

/** A member of a group that consumes. */
export interface Member {
  /** Reads a partition on from `offset`; ignored where this member does not process that partition. */
  seek(partition: number, offset: bigint): void
  disconnect(): Promise<void>
}

/** Joins the group and processes until it is disconnected. */
export async function join<V>(duty: Duty<V>, watch: Watch): Promise<Member> {
  const { context, connection, consumption } = duty
  const topic = connection.named(consumption.topic.name)
  const consumer = connection.client.consumer({
    ...settings,
    ...timesOf(context.config.number('KAFKA_SESSION_MS')),
    groupId: connection.named(consumption.group),
    partitionAssigners: [bySubscription],
    // After a crash the kit makes a new member; kafkajs would leave out the errors that it calls not retriable.
    retry: { ...retries.patient, restartOnFailure: async () => false },
  })
  const partitions = partitionsOf(duty, watch, consumer)
  const { CRASH, GROUP_JOIN, HEARTBEAT } = consumer.events
  consumer.on(CRASH, ({ payload }) => watch.crashed(payload.error))
  // Fetches are reported when they fail, too; a heartbeat was answered.
  consumer.on(HEARTBEAT, () => watch.alive())
  // Listeners run before the first fetch of the new assignment, and `assigned` pauses before it awaits.
  consumer.on(GROUP_JOIN, ({ payload }) => {
    watch.alive()
    partitions.assigned(payload.memberAssignment[topic] ?? [])
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    // All of a fetch: how many are worked on at once is for the rounds to say.
    partitionsConsumedConcurrently: consumption.topic.partitions,
    eachBatch: (payload) => partitions.process(payload),
  })
  return { seek: partitions.seek, disconnect: () => consumer.disconnect() }
}
