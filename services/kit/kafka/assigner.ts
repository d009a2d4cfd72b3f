import kafkajs, { type Cluster, type GroupMember, type PartitionAssigner } from 'kafkajs'

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol
const name = 'MaruBySubscription'
const version = 0

/**
 * Gives each topic's partitions to those members that read it, in turns. kafkajs' own assigner gives the leader's topics
 * to every member, so that a group whose members read different topics would lose partitions.
 */
export const bySubscription: PartitionAssigner = ({ cluster }) => ({
  name,
  version,
  protocol: ({ topics }) => ({
    name,
    metadata: MemberMetadata.encode({ version, topics, userData: Buffer.alloc(0) }),
  }),
  assign: async ({ members }) => {
    const readers = readersOf(members)
    await cluster.addMultipleTargetTopics([...readers.keys()])
    return encoded(
      members.map(({ memberId }) => memberId),
      sharesOf(cluster, readers),
    )
  },
})

/** Who reads which topic. */
function readersOf(members: readonly GroupMember[]): ReadonlyMap<string, readonly string[]> {
  const readers = new Map<string, string[]>()
  for (const { memberId, memberMetadata } of members)
    for (const topic of MemberMetadata.decode(memberMetadata)?.topics ?? [])
      readers.set(topic, [...(readers.get(topic) ?? []), memberId].sort())
  return readers
}

/** Partitions by member and topic. */
type Shares = ReadonlyMap<string, Record<string, number[]>>

function sharesOf(cluster: Cluster, readers: ReadonlyMap<string, readonly string[]>): Shares {
  const shares = new Map<string, Record<string, number[]>>()
  for (const [topic, members] of readers) {
    const partitions = cluster.findTopicPartitionMetadata(topic).map((one) => one.partitionId)
    for (const [index, partition] of partitions.sort((a, b) => a - b).entries()) {
      const member = members[index % members.length] ?? ''
      const share = shares.get(member) ?? {}
      shares.set(member, { ...share, [topic]: [...(share[topic] ?? []), partition] })
    }
  }
  return shares
}

/** Members that get nothing are told so. */
const encoded = (members: readonly string[], shares: Shares) =>
  members.map((memberId) => ({
    memberId,
    memberAssignment: MemberAssignment.encode({
      version,
      assignment: shares.get(memberId) ?? {},
      userData: Buffer.alloc(0),
    }),
  }))
