import { folderOf, type Service } from '../services/model/service.ts'
import { publishersOf, type Topology } from '../services/model/topology.ts'
import { table } from './rendered-tables.ts'

/** What stands between the README's markers. */
export const readmeTables = (topology: Topology): Readonly<Record<string, string>> => ({
  services: serviceTable(topology),
  topics: topicTable(topology),
  graph: graph(topology),
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
  const lines = [...new Set(shown.flatMap((service) => edgesOf(topology, service)))]
  return [
    '```mermaid',
    'flowchart LR',
    '  client([client]) --> gateway',
    ...lines.map((line) => `  ${line}`),
    '```',
  ].join('\n')
}

function edgesOf(topology: Topology, service: Service): readonly string[] {
  const topicNode = (name: string): string => `${name.replaceAll('.', '_')}>${name}]`
  return [
    ...(service.edge ? [`gateway --> ${service.name}`] : []),
    ...service.calls.map((callee) => `${service.name} --> ${callee.name}`),
    ...service.stores.map(
      (store) => `${service.name} --- ${service.name}_${store.engine}[(${store.engine})]`,
    ),
    ...service.publishes.map((topic) => `${service.name} -.-> ${topicNode(topic.name)}`),
    ...service.consumes
      .filter(({ topic }) => publishersOf(topology, topic).length > 0)
      .map(({ topic }) => `${topicNode(topic.name)} -.-> ${service.name}`),
  ]
}
