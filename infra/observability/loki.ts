import * as pulumi from '@pulumi/pulumi'
import { stringify } from 'yaml'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { alloyObjects, lokiUrl } from './alloy.ts'
import { hoursOf } from './durations.ts'
import { images } from './images.ts'
import { registerAll } from './register-all.ts'
import { configFolder, serverObjects } from './server.ts'

/** What a stack says about its logs. */
export interface LokiArgs {
  readonly settings: Settings
}

const file = 'loki.yaml'
const data = '/loki'
const ports = { http: 3100, grpc: 9096 }

/** Its index has a table a day, and the compactor deletes no less than that. */
const leastRetentionHours = 24

/** Loki as one process on a volume, with what brings the logs there. */
export const lokiObjects = ({ settings }: LokiArgs): readonly KubernetesObject[] => [
  ...serverObjects(
    {
      name: 'loki',
      image: images.loki,
      args: [`-config.file=${configFolder}/${file}`],
      ports: { http: ports.http },
      metrics: 'http',
      ready: { path: '/ready', port: 'http' },
      config: { file, text: stringify(lokiConfig(settings.logs)) },
      cpu: '100m',
      memory: '1Gi',
      data: { path: data, size: settings.logs.storage },
    },
    settings,
  ),
  ...alloyObjects(settings),
]

/**
 * The configuration of Loki 3.7, one process.
 * @throws Error when logs are to be kept for less than a day
 */
export function lokiConfig({ retention }: Pick<Settings['logs'], 'retention'>) {
  const hours = hoursOf(retention)
  if (hours < leastRetentionHours)
    throw new Error(
      `maru:logs.retention must be at least ${leastRetentionHours}h (Loki deletes by whole days), but is "${retention}": raise it.`,
    )
  return {
    // One tenant: who may ask is decided by the network.
    auth_enabled: false,
    analytics: { reporting_enabled: false },
    server: { http_listen_port: ports.http, grpc_listen_port: ports.grpc, log_level: 'warn' },
    common: {
      instance_addr: '127.0.0.1',
      path_prefix: data,
      replication_factor: 1,
      ring: { kvstore: { store: 'inmemory' } },
      storage: {
        filesystem: { chunks_directory: `${data}/chunks`, rules_directory: `${data}/rules` },
      },
    },
    schema_config: {
      configs: [
        {
          from: '2024-01-01',
          store: 'tsdb',
          object_store: 'filesystem',
          schema: 'v13',
          index: { prefix: 'index_', period: `${leastRetentionHours}h` },
        },
      ],
    },
    limits_config: { retention_period: `${hours}h`, allow_structured_metadata: true },
    compactor: {
      working_directory: `${data}/compactor`,
      retention_enabled: true,
      delete_request_store: 'filesystem',
    },
  }
}

/** The log store and its collector. Output `url`: base URL of its queries. */
export class Loki extends pulumi.ComponentResource {
  readonly url: string
  constructor(name: string, args: LokiArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:observability:Loki', name, {}, options)
    registerAll(lokiObjects(args), args.settings, this)
    this.url = lokiUrl(args.settings.stack)
    this.registerOutputs({ url: this.url })
  }
}
