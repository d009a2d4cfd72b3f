import type { SharedPanel } from '../../model/board.ts'
import { httpServerRequests, storeOperations } from '../../model/metric.ts'
import { searchAndRank } from '../boards.ts'
import { errors, failures, indexed, latency } from './metrics.ts'

const opensearch = { system: ['opensearch'] }

export const panels: readonly SharedPanel[] = [
  {
    on: searchAndRank,
    title: 'Search p95',
    description: 'What one in twenty searches takes at least.',
    unit: 's',
    lines: [
      {
        measure: 'p95',
        metric: { name: httpServerRequests },
        where: { uri: ['/search.*'] },
        by: ['uri'],
        legend: '{{uri}}',
      },
    ],
  },
  {
    on: searchAndRank,
    title: 'OpenSearch query count',
    description: 'Requests to OpenSearch by kind; `search` is what readers ask.',
    unit: 'ops',
    lines: [
      {
        measure: 'rate',
        metric: { name: `${storeOperations}_count` },
        where: opensearch,
        by: ['operation'],
        legend: '{{operation}}',
      },
    ],
  },
  {
    on: searchAndRank,
    title: 'OpenSearch query time',
    description: 'p95 of requests to OpenSearch by kind, at the client.',
    unit: 's',
    lines: [
      {
        measure: 'p95',
        metric: { name: storeOperations },
        where: opensearch,
        by: ['operation'],
        legend: '{{operation}}',
      },
    ],
  },
  {
    on: searchAndRank,
    title: 'Indexing rate and errors',
    description: 'Title changes that are in the index, and refusals, retried ones too.',
    unit: 'ops',
    lines: [
      { measure: 'rate', metric: indexed, legend: 'indexed' },
      { measure: 'rate', metric: errors, legend: 'errors' },
    ],
  },
  {
    on: searchAndRank,
    title: 'Indexing failures after retries',
    description: 'Title changes that were given up and went to the dead letters.',
    unit: 'ops',
    lines: [{ measure: 'rate', metric: failures, legend: 'failures' }],
  },
  {
    on: searchAndRank,
    title: 'Indexing latency p95 and p50',
    description: 'Time of one bulk write to the index.',
    unit: 's',
    lines: [
      { measure: 'p95', metric: latency, legend: 'p95' },
      { measure: 'p50', metric: latency, legend: 'p50' },
    ],
  },
  {
    on: searchAndRank,
    kind: 'stat',
    title: 'Total indexed',
    description:
      'Title changes that these replicas have brought into the index since they started.',
    unit: 'short',
    lines: [{ measure: 'sum', metric: indexed, legend: 'indexed' }],
  },
]
