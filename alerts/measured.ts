import { measured } from '../dashboards/measured.ts'
import type { Alert } from '../services/model/alert.ts'
import type { Service } from '../services/model/service.ts'
import type { Rule } from './rule.ts'

/** How far rates, shares and quantiles look back. */
const range = '5m'

/** The rule of an alert that compares a number. */
export const measuredRule = (service: Service, alert: Alert): Rule => ({
  alert: alert.name,
  expr: `${measured(service, alert.when, range)} > ${alert.when.above}`,
  for: alert.for,
  labels: {
    severity: alert.severity,
    service: service.name,
    ...alert.labels,
    ...(alert.pair !== undefined && { pair: alert.pair }),
  },
  annotations: { summary: alert.summary, description: alert.description },
})
