import type { SharedPanel } from '../../model/board.ts'
import { overview } from '../../platform/boards.ts'
import { moneyBoard } from '../boards.ts'
import {
  difference,
  differences,
  inFlight,
  oldestInFlight,
  posted,
  reconciledAt,
} from './metrics.ts'

export const panels: readonly SharedPanel[] = [
  {
    on: overview,
    title: 'Books out of balance',
    description: 'How far books, payments and gateway are apart, in minor units; 0 is right.',
    unit: 'short',
    kind: 'stat',
    lines: [{ measure: 'max', metric: difference, by: ['currency'], legend: '{{currency}}' }],
  },
  {
    on: moneyBoard,
    title: 'Posted',
    description: 'Captures and refunds that come into the books.',
    unit: 'ops',
    lines: [{ measure: 'rate', metric: posted, by: ['type'], legend: '{{type}}' }],
  },
  {
    on: moneyBoard,
    title: 'Difference',
    description: 'How far books, payments and gateway are apart, in minor units; 0 is right.',
    unit: 'short',
    lines: [{ measure: 'max', metric: difference, by: ['currency'], legend: '{{currency}}' }],
  },
  {
    on: moneyBoard,
    title: 'What is wrong',
    description: 'Captures, refunds and events on which they differ.',
    unit: 'short',
    lines: [{ measure: 'max', metric: differences, by: ['kind'], legend: '{{kind}}' }],
  },
  {
    on: moneyBoard,
    title: 'In flight',
    description: 'What changed a moment ago or waits for its end.',
    unit: 'short',
    lines: [{ measure: 'max', metric: inFlight, legend: 'in flight' }],
  },
  {
    on: moneyBoard,
    title: 'Oldest in flight',
    description: 'For how long the oldest of them has not changed.',
    unit: 's',
    lines: [{ measure: 'max', metric: oldestInFlight, legend: 'oldest' }],
  },
  {
    on: moneyBoard,
    title: 'Since the latest reconciliation',
    description: 'How old what is shown here is.',
    unit: 's',
    lines: [{ measure: 'age', metric: reconciledAt, legend: 'age' }],
  },
]
