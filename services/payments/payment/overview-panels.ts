import { breakerMetrics, breakerStates } from '../../model/breaker.ts'
import type { SharedPanel } from '../../model/board.ts'
import { paymentOverview } from '../boards.ts'
import { asking, durations, requests, worseFrom } from './measures.ts'

const byName = { by: ['name'], legend: '{{name}}' } as const

/** Contract: §17. */
export const overview: readonly SharedPanel[] = [
  {
    on: paymentOverview,
    title: 'Request rate',
    description: 'Authorisations, captures and refunds that are asked for, per second.',
    unit: 'reqps',
    lines: [{ measure: 'rate', metric: requests, where: asking, by: ['uri'], legend: '{{uri}}' }],
  },
  {
    on: paymentOverview,
    title: 'p95',
    description: 'What one in twenty of them takes at least.',
    unit: 's',
    lines: [{ measure: 'p95', metric: durations, where: asking, by: ['uri'], legend: '{{uri}}' }],
  },
  {
    on: paymentOverview,
    title: '4xx and 5xx rate',
    description: 'Answers that are not what was asked for, per second.',
    unit: 'reqps',
    lines: ['4..', '5..'].map((status) => ({
      measure: 'rate' as const,
      metric: requests,
      where: { status: [status] },
      legend: status.replace('..', 'xx'),
    })),
  },
  {
    on: paymentOverview,
    kind: 'stat',
    title: 'Circuit Breaker State',
    description: '1 for each state that some breaker of some replica is in.',
    unit: 'short',
    lines: breakerStates.map((state) => ({
      measure: 'max' as const,
      metric: { name: breakerMetrics.state },
      where: { state: [state] },
      legend: state.toUpperCase(),
    })),
    thresholds: [
      { from: -Infinity, color: 'text' },
      { from: 0.5, color: 'green' },
    ],
  },
  {
    on: paymentOverview,
    kind: 'stat',
    title: 'Slow Call Rate',
    description: 'Share of slow calls in the window of each breaker; it opens at 50 %.',
    unit: 'percentunit',
    lines: [{ measure: 'max', metric: { name: breakerMetrics.slowRate }, ...byName }],
    thresholds: worseFrom(0.25, 0.5, 0.75),
  },
  {
    on: paymentOverview,
    kind: 'stat',
    title: 'Failure Rate',
    description: 'Share of failed calls in the window of each breaker; it opens at 50 %.',
    unit: 'percentunit',
    lines: [{ measure: 'max', metric: { name: breakerMetrics.failureRate }, ...byName }],
    thresholds: worseFrom(0.1, 0.25, 0.5),
  },
  {
    on: paymentOverview,
    title: 'Call Metrics',
    description:
      'Successful and slow calls in the windows, and calls per second that were refused.',
    unit: 'short',
    lines: [
      {
        measure: 'sum',
        metric: { name: breakerMetrics.buffered },
        where: { kind: ['successful'] },
        by: ['name'],
        legend: '{{name}} successful',
      },
      {
        measure: 'sum',
        metric: { name: breakerMetrics.slow },
        by: ['name'],
        legend: '{{name}} slow',
      },
      {
        measure: 'rate',
        metric: { name: breakerMetrics.notPermitted },
        by: ['name'],
        legend: '{{name}} not permitted',
      },
    ],
  },
]
