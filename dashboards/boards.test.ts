import { parser as promql } from '@prometheus-io/lezer-promql'
import { parser as traceql } from '@grafana/lezer-traceql'
import test from 'ava'
import { checkQueries } from '../alerts/promtool.ts'
import { ruleFilesOf } from '../alerts/rules.ts'
import { metricNames } from '../infra/verify/queries.ts'
import { topology } from '../services/topology.ts'
import { metricPanels, tracePanels, type Board } from './board.ts'
import { boardsOf } from './boards.ts'
import { exportedMetrics } from './exported.ts'
import { toGrafana } from './grafana.ts'
import { placesIn, urlsOf } from './testing.ts'

const boards = boardsOf(topology)
const uids = boards.map(({ uid }) => uid)
const rules = ruleFilesOf(topology).flatMap((file) => file.rules)
const panels = boards.flatMap((board) => metricPanels(board).map((panel) => ({ board, panel })))
const boardQueries = panels.flatMap(({ panel }) => panel.lines.map(({ query }) => query))
const ruleQueries = rules.map(({ expr }) => expr)
const traceQueries = boards.flatMap((board) => tracePanels(board).map((panel) => panel.traceql))

test('every query of boards and rules is PromQL, to its grammar and to promtool', async (t) => {
  const queries = [...new Set([...boardQueries, ...ruleQueries])]
  for (const query of queries) t.deepEqual(syntaxErrors(promql, query), [], query)
  await checkQueries(queries)
  await t.throwsAsync(checkQueries(['sum by (le) rate(a[5m])']))
})

test('every query for traces is TraceQL', (t) => {
  t.true(traceQueries.length > topology.services.length)
  for (const query of traceQueries) t.deepEqual(syntaxErrors(traceql, query), [], query)
  t.not(syntaxErrors(traceql, '{ status = }').length, 0)
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
  t.not(syntaxErrors(promql, 'sum(rate(a[5m])').length, 0)
  t.deepEqual(metricNames('0 * sum(a{b="c"}) + max by (d) (e)'), ['a', 'e'])
})

test('boards have fixed uids and titles of their own', (t) => {
  t.is(new Set(uids).size, uids.length)
  t.is(new Set(boards.map(({ title }) => title)).size, boards.length)
  for (const { uid, summary } of boards) {
    t.regex(uid, /^[a-z][a-z0-9-]{0,39}$/)
    t.regex(summary, /^[A-Z].+\.$/, uid)
  }
})

test('panels have ids, ref ids and places of their own, and none covers another', (t) => {
  for (const board of boards) {
    const drawn = toGrafana(board).panels ?? []
    const ids = drawn.map(({ id }) => id)
    t.is(new Set(ids).size, drawn.length, board.uid)
    const places = drawn.flatMap((panel) => placesIn(panel.gridPos))
    t.is(new Set(places).size, places.length, board.uid)
    for (const panel of drawn) {
      const refs = ('targets' in panel ? (panel.targets ?? []) : []).map((target) => {
        return 'refId' in target ? target.refId : undefined
      })
      t.is(new Set(refs).size, refs.length, `${board.uid} ${panel.title}`)
    }
  }
})

test('every panel says what it shows and in which unit, and every line how it is called', (t) => {
  for (const { board, panel } of panels) {
    const where = `${board.uid}: ${panel.title}`
    t.truthy(panel.unit, where)
    t.regex(panel.description, /^.{10,}$/, where)
    t.true(panel.lines.length > 0, where)
    const legends = panel.lines.map(({ legend }) => legend)
    t.is(new Set(legends.filter(Boolean)).size, panel.lines.length, where)
    if (panel.kind === 'timeline') t.truthy(panel.states, where)
  }
})

test('what a quantile is over time shows exemplars, and what is present is asked for once', (t) => {
  for (const { uid, target, type } of boards.flatMap(targetsOf)) {
    const overTime = type !== 'stat'
    const isQuantile = target.expr.includes('histogram_quantile')
    if (isQuantile && overTime) t.true(target.exemplar, `${uid} ${target.expr}`)
    t.is(target.instant === true, !overTime, `${uid} ${target.expr}`)
  }
})

test('colours are chosen: left out, Grafana would paint what is above 80 red', (t) => {
  const drawn = boards.flatMap((board) => toGrafana(board).panels ?? [])
  for (const panel of drawn.filter(({ type }) => type === 'stat'))
    t.truthy('fieldConfig' in panel && panel.fieldConfig?.defaults.thresholds, panel.title)
})

test('every link leads to a board or a source of data that there is', (t) => {
  for (const { board, panel } of panels)
    for (const { legend } of panel.lines)
      for (const url of urlsOf(panel.links, legend))
        t.true(leadsSomewhere(url), `${board.uid} ${url}`)
  for (const board of boards)
    for (const url of urlsOf(board.links, '')) t.true(leadsSomewhere(url), `${board.uid} ${url}`)
  for (const { annotations } of rules) t.true(leadsSomewhere(annotations['dashboard_url'] ?? ''))
  t.false(leadsSomewhere('/d/maru-nobody'))
})

test('the boards of the contract have its panels', (t) => {
  const titles = (uid: string): ReadonlySet<string> =>
    new Set(boards.filter((board) => board.uid === uid).flatMap(titlesOf))
  const [overview, searchRank] = [titles('msa-overview'), titles('msa-search-rank')]
  for (const title of contract.overview) t.true(overview.has(title), title)
  for (const title of contract.searchRank) t.true(searchRank.has(title), title)
  for (const [uid, wanted] of Object.entries(contract.payments))
    for (const title of wanted) t.true(titles(uid).has(title), `${uid}: ${title}`)
})

/** Specs of the products: webtoon §10, payments §17. */
const contract = {
  overview: [
    'MSA Overview',
    'HTTP RPS by instance',
    'Rate-limit rejections by route',
    'HTTP 5xx share',
    'Rank Redis updates',
    'Generator published',
  ],
  searchRank: [
    'Search & Rank',
    'Search p95',
    'Rank top API p95',
    'OpenSearch query count',
    'Redis update failures',
    'Indexing rate and errors',
    'Indexing failures after retries',
    'Indexing latency p95 and p50',
    'Total indexed',
    'Kafka lag',
    'Redis QPS',
    'OpenSearch query time',
  ],
  payments: {
    'payment-overview': [
      'Payment Service Overview',
      'Request rate',
      'p95',
      '4xx and 5xx rate',
      'Circuit Breaker State',
      'Slow Call Rate',
      'Failure Rate',
      'Call Metrics',
    ],
    'perf-800rps': ['HTTP RPS', '5xx ratio', 'Gateway average', 'Database connections', 'CPU'],
    'settlement-refund': [
      'Settlement success rate',
      'Refund success rate',
      'Settlement requests',
      'Refund requests',
    ],
  },
}

const titlesOf = (board: Board): readonly string[] => [
  board.title,
  ...metricPanels(board).map(({ title }) => title),
]

/** Grafana's form of a query, as far as the tests look. */
interface Target {
  readonly expr: string
  readonly exemplar?: boolean
  readonly instant?: boolean
}

const targetsOf = (board: Board) =>
  (toGrafana(board).panels ?? []).flatMap((panel) =>
    ('targets' in panel ? (panel.targets ?? []) : [])
      .filter((target) => 'expr' in target)
      .map((target) => ({ uid: board.uid, type: panel.type, target: target as unknown as Target })),
  )

function leadsSomewhere(url: string): boolean {
  const [, path = '', query = ''] = /^\/([^?]+)\??(.*)$/.exec(url) ?? []
  if (path !== 'explore') return uids.includes(path.replace(/^d\//, ''))
  const panes = JSON.parse(new URLSearchParams(query).get('panes') ?? '{}') as {
    a: { datasource: string; queries: [{ query?: string }] }
  }
  const [{ query: asked }] = panes.a.queries
  return (
    ['prometheus', 'tempo', 'loki'].includes(panes.a.datasource) &&
    (asked === undefined || syntaxErrors(traceql, asked).length === 0)
  )
}

function syntaxErrors(grammar: typeof promql, query: string): readonly string[] {
  const errors: string[] = []
  grammar.parse(query).iterate({
    enter: (node) => {
      if (node.type.isError) errors.push(`at ${node.from} of ${query}`)
    },
  })
  return errors
}
