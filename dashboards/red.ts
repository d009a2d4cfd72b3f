import { hasBreakers, type Service } from '../services/model/service.ts'
import type { Board, Panel, Row } from './panels.ts'
import * as queries from './queries.ts'

/** Rate window of panels: twelve scrapes of 5 s. */
const range = '1m'

/** Rate, errors and duration of one service, its budget, its edges and its own metrics. */
export function redBoard(service: Service): Board {
  return {
    uid: `maru-${service.name}`,
    title: `${service.name} (${service.product})`,
    summary: service.summary,
    tags: ['maru', service.product],
    rows: [
      { title: 'Objective', panels: objective(service) },
      { title: 'Requests', panels: requests(service) },
      { title: 'Dependencies', panels: dependencies(service) },
      ...productRow(service),
      { title: 'Process', panels: processPanels(service) },
    ],
  }
}

function objective(service: Service): Panel[] {
  const { availability, latency } = service.slo
  return [
    {
      kind: 'stat',
      title: 'Availability',
      description: `Requests without a 5xx over 28 days; the target is ${availability} %.`,
      unit: 'percent',
      lines: [{ query: queries.availability(service), legend: 'availability' }],
    },
    {
      kind: 'stat',
      title: 'Error budget left',
      description: 'What is left of the 28 days’ error budget; below 0 it is overspent.',
      unit: 'percentunit',
      lines: [{ query: queries.budgetLeft(service), legend: 'left' }],
    },
    {
      kind: 'stat',
      title: 'p95',
      description: `The target is ${latency.p95Ms} ms.`,
      unit: 's',
      lines: [{ query: queries.latency(service, 0.95, '5m'), legend: 'p95' }],
    },
  ]
}

const requests = (service: Service): Panel[] => [
  {
    title: 'Requests by route',
    description: 'Answered requests per second.',
    unit: 'reqps',
    lines: [{ query: queries.requestRateByRoute(service, range), legend: '{{method}} {{uri}}' }],
  },
  {
    title: '5xx share by route',
    description: 'Share of requests answered with a server error.',
    unit: 'percentunit',
    lines: [{ query: queries.errorShareByRoute(service, range), legend: '{{uri}}' }],
  },
  {
    title: 'Duration by route',
    description: 'p95; the dots are exemplars that open their trace.',
    unit: 's',
    lines: [{ query: queries.latencyByRoute(service, 0.95, range), legend: 'p95 {{uri}}' }],
  },
]

function dependencies(service: Service): Panel[] {
  const calls: Panel[] = [
    {
      title: 'Calls',
      description: 'To services, stores and from topics, per second.',
      unit: 'reqps',
      lines: [{ query: queries.dependencyRate(service, range), legend: '{{server}}' }],
    },
    {
      title: 'Failed calls',
      description: 'Calls that ended in an error, per second.',
      unit: 'reqps',
      lines: [{ query: queries.dependencyFailures(service, range), legend: '{{server}}' }],
    },
  ]
  return [...calls, ...breakers(service), ...topics(service)]
}

const breakers = (service: Service): Panel[] =>
  hasBreakers(service)
    ? [
        {
          title: 'Breakers',
          description: 'The present state of each circuit breaker.',
          unit: 'short',
          lines: [{ query: queries.breakerState(service), legend: '{{name}} {{state}}' }],
        },
      ]
    : []

const topics = (service: Service): Panel[] => [
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
    lines: [{ query: queries.topicRate(topic.name, range), legend: 'records' }],
  })),
]

function productRow(service: Service): Row[] {
  const panels = Object.values(service.metrics).map((metric) => ({
    title: metric.name,
    description: metric.help,
    unit: metric.name.endsWith('_seconds') ? 's' : 'short',
    lines: [{ query: queries.product(service, metric, range), legend: legendOf(metric.labels) }],
  }))
  return panels.length > 0 ? [{ title: 'Business', panels }] : []
}

const legendOf = (labels: Readonly<Record<string, readonly string[]>>): string =>
  Object.keys(labels)
    .map((label) => `{{${label}}}`)
    .join(' ') || 'all'

const processPanels = (service: Service): Panel[] => [
  {
    title: 'CPU',
    description: 'Cores in use per replica.',
    unit: 'short',
    lines: [{ query: queries.cpu(service, range), legend: '{{instance}}' }],
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
