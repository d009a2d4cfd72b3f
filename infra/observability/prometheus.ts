import * as pulumi from '@pulumi/pulumi'
import { endpointsOf } from '../endpoints.ts'
import { operatorNamed } from '../foundation/operator-table.ts'
import { release } from '../foundation/operators.ts'
import type { Settings } from '../settings.ts'
import { metricsChart, prometheusValues, type Telling } from './prometheus-values.ts'

/** What a stack says about its metrics. */
export interface PrometheusArgs {
  /** With `operators: present` nothing is installed: what runs in the cluster finds the stack's monitors and rules. */
  readonly settings: Settings
  /** Alertmanager's routes and receivers. */
  readonly alertmanager: Telling
}

/**
 * Prometheus, Alertmanager, Grafana and what measures nodes and Kubernetes, as the pinned chart, whose hooks must run.
 * Output `url`: base URL of the queries.
 */
export class Prometheus extends pulumi.ComponentResource {
  readonly url: string
  constructor(name: string, args: PrometheusArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:observability:Prometheus', name, {}, options)
    const { settings, alertmanager } = args
    const row = operatorNamed(metricsChart)
    const values = { ...row.values, ...prometheusValues(settings, alertmanager) }
    if (settings.operators === 'install') release({ ...row, values }, settings, { parent: this })
    const { host, port } = endpointsOf(settings.stack).prometheus
    this.url = `http://${host}:${port}`
    this.registerOutputs({ url: this.url })
  }
}
