import { workerMetrics } from '../kit/metrics.ts'

export const metrics = workerMetrics('settlement', 'captured')
