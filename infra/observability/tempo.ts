import * as pulumi from '@pulumi/pulumi'
import { stringify } from 'yaml'
import { endpointsOf } from '../endpoints.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { hoursOf } from './durations.ts'
import { images } from './images.ts'
import { registerAll } from './register-all.ts'
import { configFolder, serverObjects } from './server.ts'
import { tempoConfig } from './tempo-config.ts'

/** What a stack says about its traces. */
export interface TempoArgs {
  /** `traces.retention` and `traces.storage` are Tempo's; sampling is the collector's. */
  readonly settings: Settings
}

const ports = { main: 3200, grpc: 9097, gossip: 7946, otlp: 4318, otlpGrpc: 4317 }
const file = 'tempo.yaml'
const data = '/var/tempo'

/**
 * Tempo 3 as one process on a volume: its scheduler and its live store are singletons, so it is never scaled by
 * replicas. How large the volume of a stack must be:
 *
 *     bytes = spans/s × share that is kept × bytes per span × seconds of retention × 2
 *
 * The 2 is for blocks that are compacted while their sources still lie there. A span of the kit is 316 bytes of OTLP
 * (measured: HTTP, SQL and Kafka spans in equal parts); blocks are compressed, so that is the most. For example
 * 500 requests/s of 8 spans, 5 % kept and as much again of failed and slow ones, for 7 days:
 * 4,000 × 0.1 × 316 × 604,800 × 2 = 153 GB, inside prod's 200Gi (215 GB). Ten times as much belongs into an object
 * store (`storage.trace.backend: s3`) with Tempo's parts apart.
 */
export function tempoObjects({ settings }: TempoArgs): readonly KubernetesObject[] {
  const { retention, storage } = settings.traces
  const { prometheus } = endpointsOf(settings.stack)
  const config = tempoConfig({
    host: '0.0.0.0',
    own: '127.0.0.1',
    ports,
    data,
    logLevel: 'warn',
    retention: `${hoursOf(retention)}h`,
    blockDuration: '5m',
    metrics: { prometheus: `http://${prometheus.host}:${prometheus.port}`, interval: '15s' },
  })
  const server = {
    name: 'tempo',
    image: images.tempo,
    args: [`-config.file=${configFolder}/${file}`],
    // Its own parts call each other inside the process.
    ports: { http: ports.main, otlp: ports.otlpGrpc },
    metrics: 'http',
    ready: { path: '/ready', port: 'http' },
    config: { file, text: stringify(config) },
    cpu: '200m',
    memory: '1Gi',
    data: { path: data, size: storage },
  }
  return serverObjects(server, settings)
}

/** The trace store. Output `url`: base URL of its queries. */
export class Tempo extends pulumi.ComponentResource {
  readonly url: string
  constructor(name: string, args: TempoArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:observability:Tempo', name, {}, options)
    registerAll(tempoObjects(args), args.settings, this)
    const { host, port } = endpointsOf(args.settings.stack).tempo
    this.url = `http://${host}:${port}`
    this.registerOutputs({ url: this.url })
  }
}
