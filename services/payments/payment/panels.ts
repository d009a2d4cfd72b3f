import type { SharedPanel } from '../../model/board.ts'
import { settlementAndRefund } from '../boards.ts'
import { refunds, transitions } from './metrics.ts'
import { overview } from './overview-panels.ts'
import { carrying } from './performance-panels.ts'

const succeeding = [
  { from: -Infinity, color: 'red' },
  { from: 0.9, color: 'yellow' },
  { from: 0.95, color: 'green' },
] as const

/** Contract: §17, as far as payment knows: workers report to it. */
const afterwards: readonly SharedPanel[] = [
  {
    on: settlementAndRefund,
    kind: 'stat',
    title: 'Settlement success rate',
    description: 'Share of the captures that ended well, of those that ended.',
    unit: 'percentunit',
    lines: [
      {
        measure: 'rest',
        metric: transitions,
        where: { status: ['CAPTURE_FAILED'] },
        of: { status: ['CAPTURED', 'CAPTURE_FAILED'] },
        legend: 'captured',
      },
    ],
    thresholds: succeeding,
  },
  {
    on: settlementAndRefund,
    kind: 'stat',
    title: 'Refund success rate',
    description: 'Share of the refunds that ended well, of those that ended.',
    unit: 'percentunit',
    lines: [
      {
        measure: 'rest',
        metric: refunds,
        where: { status: ['REFUND_FAILED'] },
        of: { status: ['REFUNDED', 'REFUND_FAILED'] },
        legend: 'refunded',
      },
    ],
    thresholds: succeeding,
  },
  {
    on: settlementAndRefund,
    title: 'Settlement requests',
    description: 'Captures that are asked for, and how they end, per second.',
    unit: 'ops',
    lines: [
      {
        measure: 'rate',
        metric: transitions,
        where: { status: ['CAPTURE_REQUESTED', 'CAPTURED', 'CAPTURE_FAILED'] },
        by: ['status'],
        legend: '{{status}}',
      },
    ],
  },
  {
    on: settlementAndRefund,
    title: 'Refund requests',
    description: 'Refunds that are asked for, and how they end, per second.',
    unit: 'ops',
    lines: [{ measure: 'rate', metric: refunds, by: ['status'], legend: '{{status}}' }],
  },
]

export const panels: readonly SharedPanel[] = [...overview, ...carrying, ...afterwards]
