import { breakerMetrics } from '../../model/breaker.ts'
import type { SharedPanel } from '../../model/board.ts'
import { performance } from '../boards.ts'
import { asking, durations, requests, worseFrom } from './measures.ts'

const frontDoor = {
  isForeign: true,
  where: { service: ['gateway'], uri: asking.uri },
} as const

/** Contract: §17; what the JVM, its pools and its producers were asked for is asked of what stands for them. */
export const carrying: readonly SharedPanel[] = [
  {
    on: performance,
    title: 'HTTP RPS',
    description: 'Requests about payments at the front door and at payment, per second.',
    unit: 'reqps',
    lines: [
      { measure: 'rate', metric: requests, ...frontDoor, legend: 'gateway' },
      { measure: 'rate', metric: requests, where: asking, legend: 'payment' },
    ],
    thresholds: worseFrom(800),
  },
  {
    on: performance,
    title: '5xx ratio',
    description: 'Share of the requests that payment answered with a server error.',
    unit: 'percentunit',
    lines: [{ measure: 'share', metric: requests, where: { status: ['5..'] }, legend: '5xx' }],
    thresholds: worseFrom(0.05),
  },
  {
    on: performance,
    title: 'Gateway average',
    description: 'Average time of requests about payments at the front door, and of it at payment.',
    unit: 's',
    lines: [
      { measure: 'mean', metric: durations, ...frontDoor, legend: 'gateway' },
      { measure: 'mean', metric: durations, where: asking, legend: 'payment' },
    ],
    thresholds: worseFrom(0.3, 0.5),
  },
  {
    on: performance,
    title: 'Payment p95 and p99',
    description: 'Time of authorisations, captures and refunds at payment.',
    unit: 's',
    lines: (['p95', 'p99'] as const).map((measure) => ({
      measure,
      metric: durations,
      where: asking,
      legend: measure,
    })),
    thresholds: worseFrom(0.3, 0.5),
  },
  {
    on: performance,
    title: 'Database connections',
    description:
      'Connections of all replicas to MariaDB that are used, and callers that wait for one.',
    unit: 'short',
    lines: [
      {
        measure: 'sum',
        metric: { name: 'db_pool_connections' },
        where: { store: ['payment'], state: ['used', 'waiting'] },
        by: ['state'],
        legend: '{{state}}',
      },
    ],
    thresholds: worseFrom(300),
  },
  {
    on: performance,
    title: 'Kafka failure rate',
    description: 'Share of failed requests to Kafka in the window of the relay’s breaker.',
    unit: 'percentunit',
    lines: [
      {
        measure: 'max',
        metric: { name: breakerMetrics.failureRate },
        where: { name: ['kafka-publisher'] },
        legend: 'failed',
      },
    ],
    thresholds: worseFrom(0.7, 0.9),
  },
  {
    on: performance,
    title: 'CPU',
    description: 'Cores that all replicas of payment use.',
    unit: 'short',
    lines: [{ measure: 'rate', metric: { name: 'process_cpu_seconds_total' }, legend: 'cores' }],
  },
  {
    on: performance,
    title: 'Memory',
    description: 'Resident memory of all replicas of payment.',
    unit: 'bytes',
    lines: [{ measure: 'sum', metric: { name: 'process_resident_memory_bytes' }, legend: 'rss' }],
  },
]
