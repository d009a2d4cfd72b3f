import { folderOf, type Service } from '../services/model/service.ts'
import type { Topic } from '../services/model/topic.ts'
import { publishersOf, type Topology } from '../services/model/topology.ts'
import { table } from './rendered-tables.ts'

/** What stands between the README's markers. */
export const readmeTables = (topology: Topology): Readonly<Record<string, string>> => ({
  services: serviceTable(topology),
  graph: graph(topology),
})

/** What stands between the markers of docs/operations.md. */
export const operationsTables = (topology: Topology): Readonly<Record<string, string>> => ({
  topics: topicTable(topology),
})

const serviceTable = (topology: Topology): string =>
  table(
    ['service', 'port', 'what it does', 'keeps', 'publishes', 'consumes'],
    topology.services.map((service) => [
      `[${service.name}](${folderOf(service)})`,
      String(service.port),
      service.summary,
      service.stores.map((store) => store.engine).join(', '),
      service.publishes.map((topic) => `\`${topic.name}\``).join(' '),
      service.consumes.map(({ topic }) => `\`${topic.name}\``).join(' '),
    ]),
  )

const topicTable = (topology: Topology): string =>
  table(
    ['topic', 'key', 'partitions', 'kept', 'what'],
    topology.topics.map((topic) => [
      `\`${topic.name}\``,
      topic.key,
      String(topic.partitions),
      `${topic.retentionMs / 86_400_000} d`,
      topic.summary,
    ]),
  )

/** The declared edges as a Mermaid flow chart; what observes everything is left out. */
function graph(topology: Topology): string {
  const shown = topology.services.filter((service) => service.observes === 'none')
  const fronted = shown.filter((service) => service.edge).map(({ name }) => name)
  return [
    '```mermaid',
    'flowchart LR',
    '  client([client]) --> gateway',
    `  gateway --> ${fronted.join(' & ')}`,
    ...shown.flatMap((service) => edgesOf(topology, service)).map((line) => `  ${line}`),
    '```',
  ].join('\n')
}

function edgesOf(topology: Topology, service: Service): readonly string[] {
  const { name } = service
  const topicNode = (topic: Topic): string => `${topic.name.replaceAll('.', '_')}>${topic.name}]`
  const stores = service.stores.map(({ engine }) => `${name}_${engine}[(${engine})]`)
  const consumed = service.consumes
    .map(({ topic }) => topic)
    .filter((topic) => publishersOf(topology, topic).length > 0)
  const line = (from: readonly string[], arrow: string, to: readonly string[]): string[] =>
    from.length > 0 && to.length > 0 ? [`${from.join(' & ')} ${arrow} ${to.join(' & ')}`] : []
  return [
    ...line([name], '-->', [...new Set(service.calls.map((callee) => callee.name))]),
    ...line([name], '---', stores),
    ...line([name], '-.->', service.publishes.map(topicNode)),
    ...line(consumed.map(topicNode), '-.->', [name]),
  ]
}
