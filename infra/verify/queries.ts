import { parser } from '@prometheus-io/lezer-promql'

type Node = ReturnType<typeof parser.parse>['topNode']

/** Names of the metrics that a PromQL expression selects. */
export const metricNames = (query: string): readonly string[] => [
  ...new Set(alternativesIn(query).flat()),
]

/** The same in groups: of what stands beside each other in an `or`, one is enough. */
export function alternativesIn(query: string): readonly (readonly string[])[] {
  const groups: string[][] = []
  const visit = (node: Node, group: string[] | undefined): void => {
    const isChoice = node.name === 'BinaryExpr' && node.getChild('Or') !== null
    const into = group ?? (isChoice ? [] : undefined)
    if (into && into !== group) groups.push(into)
    const identifier = node.name === 'VectorSelector' ? node.getChild('Identifier') : null
    if (identifier) {
      const name = query.slice(identifier.from, identifier.to)
      if (into) into.push(name)
      else groups.push([name])
    }
    for (let child = node.firstChild; child; child = child.nextSibling) visit(child, into)
  }
  visit(parser.parse(query).topNode, undefined)
  return groups.filter((group) => group.length > 0)
}
