import type { SharedPanel } from '../../model/board.ts'
import { overview } from '../../platform/boards.ts'
import { published } from './metrics.ts'

export const panels: readonly SharedPanel[] = [
  {
    on: overview,
    title: 'Generator published',
    description: 'Events of the load source that were acknowledged.',
    unit: 'wps',
    lines: [{ measure: 'rate', metric: published, legend: 'events' }],
  },
]
