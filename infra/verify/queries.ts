import { parser } from '@prometheus-io/lezer-promql'

/** Names of the metrics that a PromQL expression selects. */
export function metricNames(query: string): readonly string[] {
  const names: string[] = []
  parser.parse(query).iterate({
    enter: (node) => {
      if (node.name !== 'VectorSelector') return
      const identifier = node.node.getChild('Identifier')
      if (identifier) names.push(query.slice(identifier.from, identifier.to))
    },
  })
  return names
}
