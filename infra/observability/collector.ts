import * as pulumi from '@pulumi/pulumi'
import { stringify } from 'yaml'
import { namespacesOf } from '../endpoints.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { rightsIn, watchPods } from './api-access.ts'
import { collectorConfig, collectorPorts } from './collector-config.ts'
import { images } from './images.ts'
import { registerAll } from './register-all.ts'
import { configFolder, serverObjects, type Server } from './server.ts'

/** What a stack says about the way of its traces. */
export interface CollectorArgs {
  readonly settings: Settings
}

const file = 'collector.yaml'

/**
 * The OpenTelemetry Collector, the only receiver of traces. One replica: a trace is judged as a whole, so all of its
 * spans must come to the same process. While it is replaced the services' exporters queue their spans; what is lost
 * beyond that are traces, never data. More than one replica needs a tier before it that spreads by trace id (the
 * `loadbalancing` exporter).
 */
export const collectorObjects = ({ settings }: CollectorArgs): readonly KubernetesObject[] => [
  ...rightsIn([namespacesOf(settings.stack).platform], server.name, [watchPods], settings),
  ...serverObjects(
    { ...server, config: { file, text: stringify(collectorConfig(settings)) } },
    settings,
  ),
]

const server: Omit<Server, 'config'> = {
  name: 'collector',
  image: images.collector,
  args: [`--config=${configFolder}/${file}`],
  ports: collectorPorts,
  metrics: 'metrics',
  ready: { path: '/', port: 'health' },
  cpu: '100m',
  // 500 traces a second of 8 spans of about 2 KB in memory, for the 10 s until they are judged: 80 MB, and as much again
  // in queues; the rest is for the judgements that are remembered.
  memory: '512Mi',
  asksApi: true,
}

/** Receives, cleans and samples the traces of a stack. Output `endpoint`: host and port for OTLP over HTTP. */
export class Collector extends pulumi.ComponentResource {
  readonly endpoint: string
  constructor(name: string, args: CollectorArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:observability:Collector', name, {}, options)
    registerAll(collectorObjects(args), args.settings, this)
    const { observability } = namespacesOf(args.settings.stack)
    this.endpoint = `${server.name}.${observability}:${collectorPorts.otlp}`
    this.registerOutputs({ endpoint: this.endpoint })
  }
}
