import type { SharedPanel } from '../../model/board.ts'
import { httpServerRequests, storeOperations } from '../../model/metric.ts'
import { overview } from '../../platform/boards.ts'
import { searchAndRank } from '../boards.ts'
import { redisErrors, redisUpdates } from './metrics.ts'

export const panels: readonly SharedPanel[] = [
  {
    on: overview,
    title: 'Rank Redis updates',
    description: 'Batches of events that were counted in Redis.',
    unit: 'ops',
    lines: [{ measure: 'rate', metric: redisUpdates, legend: 'batches' }],
  },
  {
    on: searchAndRank,
    title: 'Rank top API p95',
    description: 'What one in twenty readers of a ranking waits at least.',
    unit: 's',
    lines: [
      {
        measure: 'p95',
        metric: { name: httpServerRequests },
        where: { uri: ['/rank/top.*'] },
        by: ['uri'],
        legend: '{{uri}}',
      },
    ],
  },
  {
    on: searchAndRank,
    title: 'Redis update failures',
    description: 'Batches that Redis did not count; they come again.',
    unit: 'ops',
    lines: [{ measure: 'rate', metric: redisErrors, by: ['cause'], legend: '{{cause}}' }],
  },
  {
    on: searchAndRank,
    title: 'Redis QPS',
    description: 'Calls of the rankings’ service to Redis, by script or command.',
    unit: 'ops',
    lines: [
      {
        measure: 'rate',
        metric: { name: `${storeOperations}_count` },
        where: { system: ['redis'] },
        by: ['operation'],
        legend: '{{operation}}',
      },
    ],
  },
]
