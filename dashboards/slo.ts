import type { Threshold } from '../services/model/board.ts'
import { answers, type Service } from '../services/model/service.ts'
import { budgetWindowDays } from '../services/model/slo.ts'
import type { Topology } from '../services/model/topology.ts'
import type { Board, MetricPanel } from './board.ts'
import { toServiceBoard } from './links.ts'
import {
  budgetLeft,
  burnRate,
  burns,
  burnsOf,
  objectiveOf,
  objectives,
  type Burn,
  type ObjectiveName,
} from './objectives.ts'
import { availability, budgetWindow, latency } from './queries.ts'

/** What all services promise, what is left of their budgets, and how fast these burn. */
export const sloBoard = ({ services }: Topology): Board => ({
  uid: 'maru-slo',
  title: 'SLOs',
  product: 'platform',
  summary: 'What is promised, what is left of it, and how fast it is being spent.',
  rows: [...Map.groupBy(services, ({ product }) => product)].flatMap(([product, own]) => [
    { title: product, panels: objectivePanels(own).map(linked) },
    { title: `${product}: burn rates`, panels: burnPanels(own) },
  ]),
})

const linked = (panel: MetricPanel): MetricPanel => ({ ...panel, links: [toServiceBoard] })

/** What services promise, and what is left of it. */
export const objectivePanels = (services: readonly Service[]): readonly MetricPanel[] => [
  {
    kind: 'stat',
    title: 'Availability',
    description: `Requests without a 5xx over ${budgetWindowDays} days; ${targets(services, ({ slo }) => `${slo.availability} %`)}.`,
    unit: 'percent',
    lines: linesOf(services, availability),
    thresholds: [
      { from: -Infinity, color: 'red' },
      { from: Math.min(...services.map(({ slo }) => slo.availability)), color: 'green' },
    ],
  },
  ...objectives.map((name) => budget(services, name)),
  ...p95(services.filter(answers)),
]

const budget = (services: readonly Service[], name: ObjectiveName): MetricPanel => ({
  kind: 'stat',
  title: `${name} budget left`,
  description: `What is left of ${budgetWindowDays} days’ budget; below 0 it is overspent.`,
  unit: 'percentunit',
  lines: linesOf(services, (service) => budgetLeft(objectiveOf(service, name), budgetWindow)),
  thresholds: spent,
})

const spent: readonly Threshold[] = [
  { from: -Infinity, color: 'red' },
  { from: 0, color: 'orange' },
  { from: 0.25, color: 'green' },
]

const p95 = (services: readonly Service[]): MetricPanel[] =>
  services.length === 0
    ? []
    : [
        {
          kind: 'stat',
          title: 'p95',
          description: `Of the last five minutes; ${targets(services, ({ slo }) => `${slo.latency.p95Ms} ms`)}.`,
          unit: 's',
          lines: linesOf(services, (service) => latency(service, 0.95, '5m')),
          thresholds: [
            { from: -Infinity, color: 'green' },
            {
              from: Math.max(...services.map(({ slo }) => slo.latency.p95Ms)) / 1000,
              color: 'red',
            },
          ],
        },
      ]

/** One panel for each alert on a burn rate, with both of the windows that it looks at. */
const burnPanels = (services: readonly Service[]): readonly MetricPanel[] =>
  objectives.flatMap((name) =>
    burns
      .map((burn) => ({ burn, told: services.filter((service) => tells(service, name, burn)) }))
      .filter(({ told }) => told.length > 0)
      .map(({ burn, told }) => burnPanel(told, name, burn)),
  )

const tells = (service: Service, name: ObjectiveName, burn: Burn): boolean =>
  burnsOf(objectiveOf(service, name)).includes(burn)

const burnPanel = (
  services: readonly Service[],
  name: ObjectiveName,
  { long, short, factor, for: lasting, severity }: Burn,
): MetricPanel => ({
  kind: 'stat',
  title: `${name}: ${long} and ${short}`,
  description: `1 spends the budget in exactly ${budgetWindowDays} days. Above ${factor} in both windows for ${lasting} people are told (${severity}).`,
  unit: 'short',
  lines: services.flatMap((service) =>
    [long, short].map((window) => ({
      query: burnRate(objectiveOf(service, name), window),
      legend: `${service.name} ${window}`,
    })),
  ),
  thresholds: [
    { from: -Infinity, color: 'green' },
    { from: factor, color: severity === 'critical' ? 'red' : 'orange' },
  ],
})

const linesOf = (services: readonly Service[], query: (service: Service) => string) =>
  services.map((service) => ({ query: query(service), legend: service.name }))

/** `the target is 99.9 %`, or each service's where they differ. */
function targets(services: readonly Service[], target: (service: Service) => string): string {
  const [first, ...others] = new Set(services.map(target))
  if (first !== undefined && others.length === 0) return `the target is ${first}`
  return `targets: ${services.map((service) => `${service.name} ${target(service)}`).join(', ')}`
}
