import { httpServerRequests } from '../services/model/metric.ts'
import { answers, type Service } from '../services/model/service.ts'
import type { Topology } from '../services/model/topology.ts'
import { overview } from '../services/platform/boards.ts'
import type { Board, MetricPanel } from './board.ts'
import { toServiceBoard } from './links.ts'
import {
  anyService,
  errorShare,
  latency,
  panelRange,
  rate,
  replicas,
  requestRate,
  share,
} from './queries.ts'
import { shownOn } from './shared.ts'
import { failureRate } from './traces.ts'

/** Every service of the topology, a row for each product, with what its services show here themselves. */
export const overviewBoard = ({ services }: Topology): Board => ({
  ...overview,
  rows: [
    { title: 'All services', panels: [...together, failureRate] },
    ...[...Map.groupBy(services, ({ product }) => product)].map(([product, own]) => ({
      title: product,
      panels: [...atAGlance(own), ...own.flatMap((service) => shownOn(overview, service))],
    })),
  ],
})

const requests = `${httpServerRequests}_count`

const together: readonly MetricPanel[] = [
  {
    title: 'HTTP RPS by instance',
    description: 'Requests per second that each replica of each service answers.',
    unit: 'reqps',
    lines: [
      {
        query: rate(`${requests}{${anyService}}`, panelRange, ['service', 'instance']),
        legend: '{{instance}}',
      },
    ],
  },
  {
    title: 'HTTP 5xx share',
    description: 'Share of all requests that were answered with a server error.',
    unit: 'percentunit',
    lines: [
      {
        query: share(
          rate(`${requests}{${anyService},status=~"5.."}`, '5m'),
          rate(`${requests}{${anyService}}`, '5m'),
        ),
        legend: '5xx',
      },
    ],
  },
]

const atAGlance = (services: readonly Service[]): readonly MetricPanel[] => [
  {
    kind: 'stat',
    title: 'Replicas',
    description: 'Replicas that answer their scrape.',
    unit: 'short',
    lines: services.map((service) => ({ query: replicas(service), legend: service.name })),
    thresholds: [
      { from: -Infinity, color: 'red' },
      { from: 1, color: 'green' },
    ],
    links: [toServiceBoard],
  },
  ...red(services.filter(answers)),
]

/** Rate, errors and duration, a line for each service. */
const red = (services: readonly Service[]): readonly MetricPanel[] =>
  services.length === 0
    ? []
    : [
        {
          title: 'Requests',
          description: 'Answered requests per second.',
          unit: 'reqps',
          lines: linesOf(services, (service) => requestRate(service, panelRange)),
          links: [toServiceBoard],
        },
        {
          title: '5xx share',
          description: 'Share of requests answered with a server error.',
          unit: 'percentunit',
          lines: linesOf(services, (service) => errorShare(service, '5m')),
          links: [toServiceBoard],
        },
        {
          title: 'p95',
          description:
            'What one in twenty requests takes at least; the dots are exemplars that open their trace.',
          unit: 's',
          lines: linesOf(services, (service) => latency(service, 0.95, '5m')),
          links: [toServiceBoard],
        },
      ]

const linesOf = (services: readonly Service[], query: (service: Service) => string) =>
  services.map((service) => ({ query: query(service), legend: service.name }))
