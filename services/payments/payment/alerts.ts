import type { Alert } from '../../model/alert.ts'
import { authorizations, limited, pendingAge } from './metrics.ts'

export const alerts: readonly Alert[] = [
  {
    name: 'PaymentUnknownTooLong',
    severity: 'critical',
    for: '10s',
    summary: 'Nobody knows what became of a payment',
    description: 'A payment has waited for the gateway’s word for over a minute.',
    when: { measure: 'max', metric: pendingAge, above: 60 },
  },
  {
    name: 'PaymentDeclinesHigh',
    severity: 'warning',
    for: '10m',
    summary: 'The gateway declines many payments',
    description: 'More than 30 % of the authorisations of five minutes were declined.',
    when: {
      measure: 'share',
      metric: authorizations,
      where: { outcome: ['declined'] },
      above: 0.3,
    },
  },
  {
    name: 'PaymentGatewayFailing',
    severity: 'warning',
    for: '2m',
    summary: 'The gateway does not say what it does',
    description: 'More than 5 % of the authorisations of five minutes had no known result.',
    when: {
      measure: 'share',
      metric: authorizations,
      where: { outcome: ['unknown'] },
      above: 0.05,
    },
  },
  {
    name: 'PaymentMerchantsLimited',
    severity: 'info',
    for: '5m',
    summary: 'Merchants send more than they may',
    description: 'More than one payment a second was refused over five minutes.',
    when: { measure: 'rate', metric: limited, above: 1 },
  },
]
