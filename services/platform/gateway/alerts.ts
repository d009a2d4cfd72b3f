import type { Alert } from '../../model/alert.ts'
import { httpServerRequests } from '../../model/metric.ts'
import { rateLimitRejected } from './metrics.ts'

/** Thresholds: contract, alert table of the earlier system. */
export const alerts: readonly Alert[] = [
  {
    name: 'GatewayHighErrorRate',
    severity: 'warning',
    for: '5m',
    summary: 'The gateway answers more than 5 % of requests with 5xx',
    description: 'Over five minutes more than one in twenty answers of the gateway was a 5xx.',
    when: {
      measure: 'share',
      metric: { name: `${httpServerRequests}_count` },
      where: { status: ['5..'] },
      above: 0.05,
    },
  },
  {
    name: 'RateLimitRejectionsHigh',
    severity: 'info',
    for: '1m',
    summary: 'Clients are turned away by their limits',
    description: 'More than one request a second was answered with 429 over five minutes.',
    when: { measure: 'rate', metric: rateLimitRejected, above: 1 },
  },
]
