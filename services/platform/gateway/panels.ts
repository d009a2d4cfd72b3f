import type { SharedPanel } from '../../model/board.ts'
import { overview } from '../boards.ts'
import { rateLimitRejected } from './metrics.ts'

export const panels: readonly SharedPanel[] = [
  {
    on: overview,
    title: 'Rate-limit rejections by route',
    description: 'Requests that the gateway answered with 429, by the service they were for.',
    unit: 'reqps',
    lines: [{ measure: 'rate', metric: rateLimitRejected, by: ['route'], legend: '{{route}}' }],
  },
]
