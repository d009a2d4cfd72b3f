import { workerMetrics } from '../kit/metrics.ts'

export const metrics = workerMetrics('refund', 'refunded')
