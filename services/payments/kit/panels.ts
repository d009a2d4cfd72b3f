import type { SharedPanel } from '../../model/board.ts'
import { settlementAndRefund } from '../boards.ts'
import type { WorkerMetrics } from './metrics.ts'

const on = settlementAndRefund

/** What a worker shows on the board that settlement and refund share: contract, §17. @param title of the worker */
export const workerPanels = (
  { requested, ended, amount, dead, pending, unknown, pendingAge, unknownAge }: WorkerMetrics,
  title: string,
): readonly SharedPanel[] => [
  {
    on,
    kind: 'stat',
    title: `${title} success rate`,
    description: 'Of the requests that ended in the last minutes.',
    unit: 'percentunit',
    lines: [{ measure: 'share', metric: ended, where: { status: ['SUCCESS'] }, legend: 'success' }],
  },
  {
    on,
    kind: 'stat',
    title: `${title} dead letters`,
    description: 'Requests that were given up and wait for people.',
    unit: 'short',
    lines: [{ measure: 'max', metric: dead, legend: 'given up' }],
  },
  {
    on,
    title: `${title} requests`,
    description: 'Requests that came in, and that ended, per second.',
    unit: 'wps',
    lines: [
      { measure: 'rate', metric: requested, legend: 'requested' },
      { measure: 'rate', metric: ended, by: ['status'], legend: '{{status}}' },
    ],
  },
  {
    on,
    title: `${title} amounts`,
    description: 'Minor units per second, by currency.',
    unit: 'short',
    lines: [{ measure: 'rate', metric: amount, by: ['currency'], legend: '{{currency}}' }],
  },
  {
    on,
    title: `${title} backlog`,
    description: 'Unfinished requests, and those of which nobody knows whether they were done.',
    unit: 'short',
    lines: [
      { measure: 'max', metric: pending, legend: 'unfinished' },
      { measure: 'max', metric: unknown, legend: 'unknown' },
    ],
  },
  {
    on,
    title: `${title} age of the oldest`,
    description: 'Of the unfinished requests, and of those of unknown result.',
    unit: 's',
    lines: [
      { measure: 'max', metric: pendingAge, legend: 'unfinished' },
      { measure: 'max', metric: unknownAge, legend: 'unknown' },
    ],
  },
]
