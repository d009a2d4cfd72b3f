import type { SharedBoard, SharedPanel } from '../services/model/board.ts'
import type { Service } from '../services/model/service.ts'
import type { Topology } from '../services/model/topology.ts'
import type { Board, MetricPanel, Row } from './board.ts'
import { measured } from './measured.ts'
import { lag, panelRange } from './queries.ts'

/** Boards that services share, in the order in which the topology mentions them. */
export const sharedBoards = ({ services }: Topology): readonly SharedBoard[] => [
  ...new Set(services.flatMap(({ panels }) => panels.map(({ on }) => on))),
]

/** A board with a row for each service that is on it, and how far those are behind that read from Kafka. */
export function sharedBoard(shared: SharedBoard, { services }: Topology): Board {
  const own = services.filter(({ panels }) => panels.some(({ on }) => on === shared))
  return {
    ...shared,
    rows: [
      ...own.map((service) => ({ title: service.name, panels: shownOn(shared, service) })),
      ...kafkaRow(own.filter(({ consumes }) => consumes.length > 0)),
    ],
  }
}

/** What a service itself shows on a board. */
export const shownOn = (shared: SharedBoard, service: Service): readonly MetricPanel[] =>
  service.panels.filter(({ on }) => on === shared).map((panel) => drawn(service, panel))

const drawn = (service: Service, { on: _, lines, ...rest }: SharedPanel): MetricPanel => ({
  ...rest,
  lines: lines.map((line) => ({ query: measured(service, line, panelRange), legend: line.legend })),
})

const kafkaRow = (services: readonly Service[]): readonly Row[] =>
  services.length === 0
    ? []
    : [
        {
          title: 'Kafka',
          panels: [
            {
              title: 'Kafka lag',
              description: 'Records that each consumer group has not read yet.',
              unit: 'short',
              lines: [...new Set(groupsOf(services))].map((group) => ({
                query: lag(group),
                legend: `${group} {{topic}}`,
              })),
            },
          ],
        },
      ]

const groupsOf = (services: readonly Service[]): readonly string[] =>
  services.flatMap(({ consumes }) => consumes.map(({ group }) => group))
