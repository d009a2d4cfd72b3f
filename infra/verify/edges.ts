import type { Service } from '../../services/model/service.ts'
import { systemName } from '../../services/model/store.ts'
import type { Topic } from '../../services/model/topic.ts'
import {
  consumersOf,
  frontedOf,
  publishersOf,
  type Topology,
} from '../../services/model/topology.ts'
import { frontDoorOf } from '../local/addresses.ts'
import { instant } from '../local/prometheus-api.ts'
import { poll } from '../local/poll.ts'
import type { TraceSpan } from '../local/trace/span.ts'
import type { Check, Platform } from './check.ts'
import { sendThroughEveryEdge } from './traffic.ts'

/** Client and server of one line of the service map; a store is `<engine>:<name>`. */
type Edge = `${string} → ${string}`

const edge = (client: string, server: string): Edge => `${client} → ${server}`

/** Exporters and scrapes are awaited for this long. */
const visibleWithinMs = 45_000
const tracesPerService = 200

/** Every edge of the topology, and no other, is counted and traced. */
export const edges: Check = {
  name: 'edges',
  says: 'every declared edge is counted and traced, and no other is',
  run: async (platform) => {
    const began = Date.now()
    await sendThroughEveryEdge(platform)
    const declared = declaredEdges(platform.topology)
    const look = async () => ({
      counted: await countedEdges(platform),
      traced: await tracedEdges(platform, Date.now() - began),
    })
    const complete = await poll(
      async () => {
        const { counted, traced } = await look()
        const all = [...declared.running].every((one) => counted.has(one) && traced.has(one))
        return all && [...declared.tasks].every((one) => traced.has(one)) ? true : undefined
      },
      { withinMs: visibleWithinMs, everyMs: 1000 },
    )
    const { counted, traced } = await look()
    const known = new Set([...declared.running, ...declared.tasks])
    const missing = complete === true ? [] : missingOf(declared, counted, traced)
    const undeclared = [...new Set([...counted, ...traced])].filter((one) => !known.has(one))
    return {
      seen: known.size,
      unit: 'edges',
      broken: [...missing, ...undeclared.map((one) => `${one} is seen, but nobody declares it`)],
    }
  },
}

interface Declared {
  readonly running: ReadonlySet<Edge>
  /** Calls of tasks, whose processes end before anybody reads their counters. */
  readonly tasks: ReadonlySet<Edge>
}

/** What the topology says that there is between services, topics and stores. */
export function declaredEdges(topology: Topology): Declared {
  const front = frontDoorOf(topology)
  const calls = topology.services.flatMap((service) =>
    service.calls.map((callee) => ({ service, edge: edge(service.name, callee.name) })),
  )
  const byTask = calls.filter(({ service }) => Object.keys(service.tasks).length > 0)
  const running = [
    ...frontedOf(topology).map((service) => edge(front.name, service.name)),
    ...calls.filter((one) => !byTask.includes(one)).map((one) => one.edge),
    ...topology.services.flatMap((service) =>
      [...service.stores, ...service.reads].map((store) =>
        edge(service.name, `${systemName[store.engine]}:${store.name}`),
      ),
    ),
    ...topology.topics.flatMap((topic) =>
      publishersOf(topology, topic)
        .filter((publisher) => isFirstSender(publisher) && !isLastResort(publisher, topic))
        .flatMap((publisher) =>
          consumersOf(topology, topic).map((consumer) => edge(publisher.name, consumer.name)),
        ),
    ),
  ]
  return { running: new Set(running), tasks: new Set(byTask.map((one) => one.edge)) }
}

/** Whoever sends records back keeps their first sender's name. */
const isFirstSender = ({ recovers }: Service): boolean => recovers === 'none'

/** Who does not consume a topic puts into its dead letters what Kafka itself refused, which cannot be sent on purpose. */
const isLastResort = ({ consumes }: Service, topic: Topic): boolean =>
  topic.encoding === 'bytes' && !consumes.some((one) => one.topic.deadLetters === topic)

function missingOf({ running, tasks }: Declared, counted: Set<Edge>, traced: Set<Edge>): string[] {
  const within = `within ${visibleWithinMs / 1000} s`
  const uncounted = [...running].filter((one) => !counted.has(one))
  const untraced = [...running, ...tasks].filter((one) => !traced.has(one))
  return [
    ...uncounted.map((one) => `${one} is declared, but no counter saw it ${within}`),
    ...untraced.map((one) => `${one} is declared, but no trace shows it ${within}`),
  ]
}

async function countedEdges({ prometheus }: Platform): Promise<Set<Edge>> {
  const query = 'sum by (client, server) (traces_service_graph_request_total) > 0'
  const samples = await instant(prometheus, query)
  return new Set(
    samples.map(({ labels }) => edge(labels['client'] ?? '?', labels['server'] ?? '?')),
  )
}

async function tracedEdges({ traces, topology }: Platform, withinMs: number): Promise<Set<Edge>> {
  const found = new Set<Edge>()
  for (const { name } of topology.services) {
    const wanted = { service: name, tags: [], limit: tracesPerService, withinMs }
    for (const spans of await traces.find(wanted)) for (const one of edgesOf(spans)) found.add(one)
  }
  return found
}

/** The edges that one trace shows: a child in another service, or a call to a store. */
export function edgesOf(spans: readonly TraceSpan[]): readonly Edge[] {
  const byId = new Map(spans.map((span) => [span.id, span]))
  return spans.flatMap((span) => {
    const system = span.attributes['db.system.name']
    // A batch may have called several stores; their values stand beside each other.
    const stores = system?.split(', ') ?? []
    const names = span.attributes['db.namespace']?.split(', ') ?? []
    const called = stores.map((one, at) => edge(span.service, `${one}:${names[at] ?? names[0]}`))
    const parent = byId.get(span.parentId ?? '')
    const isCalled = span.kind === 'server' || span.kind === 'consumer'
    const crossed = parent !== undefined && isCalled && parent.service !== span.service
    return crossed ? [...called, edge(parent.service, span.service)] : called
  })
}
