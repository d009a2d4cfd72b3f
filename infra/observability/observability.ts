import * as pulumi from '@pulumi/pulumi'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Telling } from './prometheus-values.ts'
import type { Settings } from '../settings.ts'
import { Collector, collectorObjects } from './collector.ts'
import { Grafana, grafanaObjects } from './grafana.ts'
import { Loki, lokiObjects } from './loki.ts'
import { networkObjects } from './network.ts'
import { Prometheus } from './prometheus.ts'
import { registerAll } from './register-all.ts'
import { Tempo, tempoObjects } from './tempo.ts'

/** What a stack is observed with. */
export interface ObservabilityArgs {
  readonly settings: Settings
  /** Alertmanager's routes and receivers, as committed (`renderedAlertmanager`). */
  readonly alertmanager: Telling
}

/** Every object of what observes a stack, but for those that are inside the chart. */
export const observabilityObjects = (settings: Settings): readonly KubernetesObject[] => [
  ...networkObjects(settings),
  ...collectorObjects({ settings }),
  ...tempoObjects({ settings }),
  ...lokiObjects({ settings }),
  ...grafanaObjects({ settings }),
]

/**
 * Traces, metrics and logs of a stack, and where they are looked at. Boards and rules come with the services that they
 * are about. Outputs: URLs of the stores inside the cluster, and of Grafana for people.
 */
export class Observability extends pulumi.ComponentResource {
  constructor(name: string, args: ObservabilityArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:observability:Observability', name, {}, options)
    const { settings } = args
    const network = registerAll(networkObjects(settings), settings, this)
    const rest = { parent: this, dependsOn: [...network] }
    const collector = new Collector('collector', { settings }, rest)
    const tempo = new Tempo('tempo', { settings }, rest)
    const loki = new Loki('loki', { settings }, rest)
    const grafana = new Grafana('grafana', { settings }, rest)
    // Its Grafana starts with the data sources, and not without its administrator.
    const prometheus = new Prometheus('prometheus', args, { ...rest, dependsOn: [grafana] })
    this.registerOutputs({
      collector: collector.endpoint,
      prometheus: prometheus.url,
      tempo: tempo.url,
      loki: loki.url,
      grafana: grafana.url,
    })
  }
}
