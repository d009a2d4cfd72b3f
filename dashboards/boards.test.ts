import { parser } from '@prometheus-io/lezer-promql'
import test from 'ava'
import { ruleFilesOf } from '../alerts/rules.ts'
import { topology } from '../services/topology.ts'
import { boardsOf } from './boards.ts'
import { toGrafana } from './panels.ts'
import { exportedMetrics } from './exported.ts'

const boards = boardsOf(topology)
const boardQueries = boards.flatMap((board) =>
  board.rows.flatMap((row) => row.panels.flatMap((panel) => panel.lines.map((line) => line.query))),
)
const ruleQueries = ruleFilesOf(topology).flatMap((file) => file.rules.map((rule) => rule.expr))

test('every query of boards and rules is PromQL', (t) => {
  for (const query of [...boardQueries, ...ruleQueries]) t.deepEqual(syntaxErrors(query), [], query)
})

test('every metric that a board or rule names is exported by a service or an engine', (t) => {
  const exported = exportedMetrics(topology)
  const named = new Set([...boardQueries, ...ruleQueries].flatMap(metricNames))
  t.deepEqual(
    [...named].filter((name) => !exported.has(name)),
    [],
  )
})

test('a metric that nobody exports and a query that is no PromQL are found', (t) => {
  t.false(exportedMetrics(topology).has('nobody_exports_this_total'))
  t.not(syntaxErrors('sum(rate(a[5m])').length, 0)
})

test('boards have fixed unique uids, and their panels ids, refs and places of their own', (t) => {
  const uids = boards.map((board) => board.uid)
  t.is(new Set(uids).size, uids.length)
  for (const board of boards) {
    const panels = toGrafana(board).panels ?? []
    const ids = panels.map((panel) => ('id' in panel ? panel.id : undefined))
    t.is(new Set(ids).size, panels.length, board.uid)
    const places = panels.map((panel) => JSON.stringify(panel.gridPos))
    t.is(new Set(places).size, panels.length, board.uid)
    for (const panel of panels)
      if ('targets' in panel)
        t.true(
          (panel.targets ?? []).every((target) => 'refId' in target),
          board.uid,
        )
  }
})

function syntaxErrors(query: string): readonly string[] {
  const errors: string[] = []
  parser.parse(query).iterate({
    enter: (node) => {
      if (node.type.isError) errors.push(`at ${node.from} of ${query}`)
    },
  })
  return errors
}

function metricNames(query: string): readonly string[] {
  const names: string[] = []
  parser.parse(query).iterate({
    enter: (node) => {
      if (node.name === 'VectorSelector') {
        const identifier = node.node.getChild('Identifier')
        if (identifier) names.push(query.slice(identifier.from, identifier.to))
      }
    },
  })
  return names
}
