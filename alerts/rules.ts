import { replicas } from '../dashboards/queries.ts'
import { storeBoardUid } from '../dashboards/stores.ts'
import type { Alert } from '../services/model/alert.ts'
import { boardOfService } from '../services/model/board.ts'
import type { Service } from '../services/model/service.ts'
import type { Topology } from '../services/model/topology.ts'
import { burnRateRules } from './burn-rate.ts'
import { derivedAlerts } from './derived.ts'
import { measuredRule } from './measured.ts'
import type { Rule } from './rule.ts'
import { serverRules } from './servers.ts'

/** A rule file: one group, of one service or of what no single service has. */
export interface RuleFile {
  readonly name: string
  readonly rules: readonly Rule[]
}

/** Rules of every service and of the stores' servers, with a link to the alert's heading in the runbook and to the board. */
export const ruleFilesOf = (topology: Topology): readonly RuleFile[] => [
  ...topology.services.map(rulesOfService),
  {
    name: 'stores',
    rules: serverRules(topology).map((rule) => linked(storeBoardUid, rule)),
  },
]

const rulesOfService = (service: Service): RuleFile => ({
  name: service.name,
  rules: [
    serviceDown(service),
    ...burnRateRules(service),
    ...alertsOf(service).map((alert) => measuredRule(service, alert)),
  ].map((rule) => linked(boardOfService(service), rule)),
})

/** Alerts of a service that compare a number: those that follow from what it is, and its own. */
export const alertsOf = (service: Service): readonly Alert[] => [
  ...derivedAlerts(service),
  ...service.alerts,
]

const serviceDown = (service: Service): Rule => ({
  alert: 'ServiceDown',
  expr: `${replicas(service)} < 1`,
  for: '1m',
  labels: { severity: 'critical', service: service.name },
  annotations: {
    summary: `${service.name} has no replica that answers`,
    description: `No replica of ${service.name} has answered its scrape for a minute.`,
  },
})

const linked = (board: string, rule: Rule): Rule => ({
  ...rule,
  annotations: {
    ...rule.annotations,
    runbook_url: `docs/runbook.md#${rule.alert.toLowerCase()}`,
    dashboard_url: `/d/${board}`,
  },
})
