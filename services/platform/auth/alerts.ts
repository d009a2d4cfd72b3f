import type { Alert } from '../../model/alert.ts'
import { loginsThrottled, refreshReused } from './metrics.ts'

export const alerts: readonly Alert[] = [
  {
    name: 'LoginsThrottled',
    severity: 'warning',
    for: '2m',
    summary: 'Somebody guesses at secrets',
    description: 'More than one login a second was slowed down over five minutes.',
    when: { measure: 'rate', metric: loginsThrottled, above: 1 },
  },
  {
    name: 'RefreshTokensReused',
    severity: 'warning',
    for: '1m',
    summary: 'Refresh tokens are used twice: one may be stolen',
    description:
      'More than one token family in a minute was revoked because a used token came again.',
    when: { measure: 'rate', metric: refreshReused, above: 0.0167 },
  },
]
