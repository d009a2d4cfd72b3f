import { boardOfService } from '../services/model/board.ts'
import { answers, hasBreakers, type Service } from '../services/model/service.ts'
import type { Board, MetricPanel, Panel, Row } from './board.ts'
import { breakerTimeline } from './breakers.ts'
import { toLogs, toTraces } from './links.ts'
import { measured, usual } from './measured.ts'
import { objectivePanels } from './slo.ts'
import * as queries from './queries.ts'
import * as traces from './traces.ts'

/** Rate, errors and duration of one service, its budget, its edges and its own metrics. */
export function redBoard(service: Service): Board {
  return {
    uid: boardOfService(service),
    title: `${service.name} (${service.product})`,
    product: service.product,
    summary: service.summary,
    links: [toTraces('Traces', traces.of(service)), toLogs(service.name)],
    rows: [
      { title: 'Objective', panels: objectivePanels([service]) },
      ...(answers(service) ? [{ title: 'Requests', panels: requests(service) }] : []),
      ...rowOf('Dependencies', dependencies(service)),
      ...rowOf('Business', business(service)),
      { title: 'Process', panels: processPanels(service) },
      { title: 'Traces', panels: traces.panelsOf(service) },
    ],
  }
}

const rowOf = (title: string, panels: readonly Panel[]): Row[] =>
  panels.length > 0 ? [{ title, panels }] : []

const requests = (service: Service): MetricPanel[] => [
  {
    title: 'Requests by route',
    description: 'Answered requests per second.',
    unit: 'reqps',
    lines: [
      {
        query: queries.requestRate(service, queries.panelRange, ['method', 'uri']),
        legend: '{{method}} {{uri}}',
      },
    ],
    links: [toTraces('Traces', traces.ofRoute(service))],
  },
  {
    title: '5xx share by route',
    description: 'Share of requests answered with a server error.',
    unit: 'percentunit',
    lines: [{ query: queries.errorShareByRoute(service, queries.panelRange), legend: '{{uri}}' }],
    links: [toTraces('Failed requests', traces.ofRoute(service, traces.failed))],
  },
  {
    title: 'Duration by route',
    description: 'p95; the dots are exemplars that open their trace.',
    unit: 's',
    lines: [
      { query: queries.latency(service, 0.95, queries.panelRange, ['uri']), legend: 'p95 {{uri}}' },
    ],
    links: [toTraces('Slow requests', traces.ofRoute(service, traces.slow(service)))],
  },
]

const dependencies = (service: Service): MetricPanel[] => [
  ...calls(service),
  ...(hasBreakers(service) ? [breakerTimeline(service)] : []),
  ...topics(service),
]

const calls = (service: Service): MetricPanel[] =>
  hasEdges(service)
    ? [
        {
          title: 'Calls',
          description: 'To services, stores and from topics, per second.',
          unit: 'reqps',
          lines: [
            { query: queries.dependencyRate(service, queries.panelRange), legend: '{{server}}' },
          ],
        },
        {
          title: 'Failed calls',
          description: 'Calls that ended in an error, per second.',
          unit: 'reqps',
          lines: [
            {
              query: queries.dependencyFailures(service, queries.panelRange),
              legend: '{{server}}',
            },
          ],
        },
      ]
    : []

const hasEdges = ({ calls, fronts, stores, publishes }: Service): boolean =>
  calls.length + stores.length + publishes.length > 0 || fronts === 'all'

const topics = (service: Service): MetricPanel[] => [
  ...[...new Set(service.consumes.map(({ group }) => group))].map((group) => ({
    title: `Lag of ${group}`,
    description: 'Records of each topic that are not consumed yet.',
    unit: 'short',
    lines: [{ query: queries.lag(group), legend: '{{topic}}' }],
  })),
  ...service.publishes.map((topic) => ({
    title: topic.name,
    description: topic.summary,
    unit: 'wps',
    lines: [{ query: queries.topicRate(topic.name, queries.panelRange), legend: 'records' }],
  })),
]

const business = (service: Service): MetricPanel[] =>
  Object.values(service.metrics).map((metric) => ({
    title: metric.name,
    description: metric.help,
    unit: metric.name.endsWith('_seconds') ? 's' : 'short',
    lines: [
      {
        query: measured(service, usual(metric), queries.panelRange),
        legend: legendOf(metric.labels),
      },
    ],
  }))

const legendOf = (labels: Readonly<Record<string, readonly string[]>>): string =>
  Object.keys(labels)
    .map((label) => `{{${label}}}`)
    .join(' ') || 'all'

const processPanels = (service: Service): MetricPanel[] => [
  {
    title: 'CPU',
    description: 'Cores in use per replica.',
    unit: 'short',
    lines: [{ query: queries.cpu(service, queries.panelRange), legend: '{{instance}}' }],
  },
  {
    title: 'Memory',
    description: 'Resident memory per replica.',
    unit: 'bytes',
    lines: [{ query: queries.memory(service), legend: '{{instance}}' }],
  },
  {
    title: 'Event loop lag',
    description: 'p99; about 10 ms is the sampling precision of an idle process.',
    unit: 's',
    lines: [{ query: queries.loopLag(service), legend: '{{instance}}' }],
  },
]
