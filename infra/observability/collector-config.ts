import { endpointsOf, namespacesOf } from '../endpoints.ts'
import type { Settings } from '../settings.ts'

/** What decides over a trace. */
const sampling = {
  /** How long a trace is collected before it is judged; services send their spans within 250 ms. */
  decisionWait: '10s',
  /** A trace is slow above this, in milliseconds: the longest time limit of an ordinary route. */
  slowMs: 1_000,
  /** Traces in memory: 5,000 new ones a second for as long as they are collected. */
  traces: 50_000,
  /** Judgements that are remembered: a relay may continue a trace a minute after it was judged. */
  judgements: 500_000,
} as const

/** Ports of the collector by name. */
export const collectorPorts = { grpc: 4317, otlp: 4318, health: 13_133, metrics: 8888 } as const

/** Attributes that are masked whatever they hold; a word stands alone, so that `span` and `discarded` stay. */
const secretKeys = [
  '(?i)authorization',
  '(?i)cookie',
  '(?i)password',
  '(?i)secret',
  '(?i)(^|[._-])token([._-]|$)',
  '(?i)(^|[._-])(pan|card|cvc|cvv)([._-]|$)',
]

/** Values that are masked wherever they stand: card numbers of the large networks, bearer tokens, JWTs. */
const secretValues = [
  '\\b(4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|2[2-7][0-9]{14}|3[47][0-9]{13}|6(?:011|5[0-9]{2})[0-9]{12})\\b',
  '\\b[0-9]{4}(?:[ -][0-9]{4}){3}\\b',
  '(?i)bearer [a-z0-9._~+/-]+=*',
  '\\beyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+',
]

/**
 * Traces in by OTLP, whose they are added, secrets masked, the interesting ones kept, out to Tempo. Edges between
 * services are not counted here: the kit counts them and is their only source.
 */
export const collectorConfig = ({ stack, traces }: Pick<Settings, 'stack' | 'traces'>) => ({
  extensions: { health_check: { endpoint: everywhere(collectorPorts.health) } },
  receivers: {
    otlp: {
      protocols: {
        grpc: { endpoint: everywhere(collectorPorts.grpc) },
        http: { endpoint: everywhere(collectorPorts.otlp) },
      },
    },
  },
  processors: {
    // First: what does not fit into memory is refused, and the sender tries again.
    memory_limiter: { check_interval: '1s', limit_percentage: 80, spike_limit_percentage: 20 },
    // Before any processor that forgets from which address a span came.
    k8s_attributes: owners(stack),
    redaction: {
      allow_all_keys: true,
      redact_all_types: true,
      blocked_key_patterns: secretKeys,
      blocked_values: secretValues,
      summary: 'silent',
    },
    tail_sampling: sampled(traces.samplePercent),
    batch: { send_batch_size: 4096, timeout: '1s' },
  },
  exporters: { otlp_grpc: toTempo(stack) },
  service: {
    extensions: ['health_check'],
    telemetry: {
      logs: { level: 'warn', encoding: 'json' },
      metrics: { readers: [ownMetrics] },
    },
    pipelines: {
      traces: {
        receivers: ['otlp'],
        processors: ['memory_limiter', 'k8s_attributes', 'redaction', 'tail_sampling', 'batch'],
        exporters: ['otlp_grpc'],
      },
    },
  },
})

const everywhere = (port: number): string => `0.0.0.0:${port}`

const ownMetrics = {
  pull: { exporter: { prometheus: { host: '0.0.0.0', port: collectorPorts.metrics } } },
}

/** Pods of the stack's own namespace only: that is all that the collector may see. */
const owners = (stack: string) => ({
  auth_type: 'serviceAccount',
  filter: { namespace: namespacesOf(stack).platform },
  extract: {
    metadata: ['k8s.namespace.name', 'k8s.pod.name', 'k8s.deployment.name', 'k8s.node.name'],
    deployment_name_from_replicaset: true,
  },
  pod_association: [{ sources: [{ from: 'connection' }] }],
})

/** @param percent of the traces that neither failed nor were slow */
const sampled = (percent: number) => ({
  decision_wait: sampling.decisionWait,
  num_traces: sampling.traces,
  decision_cache: {
    sampled_cache_size: sampling.judgements,
    non_sampled_cache_size: sampling.judgements,
  },
  policies: [
    { name: 'failed', type: 'status_code', status_code: { status_codes: ['ERROR'] } },
    { name: 'slow', type: 'latency', latency: { threshold_ms: sampling.slowMs } },
    { name: 'rest', type: 'probabilistic', probabilistic: { sampling_percentage: percent } },
  ],
})

const toTempo = (stack: string) => ({
  endpoint: `${endpointsOf(stack).tempo.host}:${collectorPorts.grpc}`,
  tls: { insecure: true },
  retry_on_failure: { enabled: true, max_elapsed_time: '5m' },
  sending_queue: { enabled: true, queue_size: 1000 },
})
