/** Where a Tempo in one process runs, and what differs between one's own machine and a cluster. */
export interface TempoPlace {
  /** Address on which it listens. */
  readonly host: string
  /** Address by which its parts call each other, inside the process. */
  readonly own: string
  readonly ports: TempoPorts
  /** Folder of its data. */
  readonly data: string
  readonly logLevel: 'error' | 'warn'
  /** How long blocks are kept, as a duration of Go, e.g. `168h`. */
  readonly retention: string
  /** The longest time until spans leave the live store for a block. */
  readonly blockDuration: string
  /** Span metrics, unless there is no Prometheus: URL of its remote-write receiver, and how often they are written. */
  readonly metrics?: { readonly prometheus: string; readonly interval: string }
}

export interface TempoPorts {
  readonly main: number
  readonly grpc: number
  readonly gossip: number
  readonly otlp: number
  readonly otlpGrpc: number
}

/** The configuration of Tempo 3, one process: the same for the local run and for Kubernetes. */
export const tempoConfig = (place: TempoPlace) => ({ ...servers(place), ...stores(place) })

const ringOf = (place: TempoPlace) => ({
  instance_addr: place.own,
  kvstore: { store: 'inmemory' },
})

const servers = (place: TempoPlace) => ({
  target: 'all',
  stream_over_http_enabled: true,
  usage_report: { reporting_enabled: false },
  server: {
    http_listen_address: place.host,
    http_listen_port: place.ports.main,
    grpc_listen_address: place.host,
    grpc_listen_port: place.ports.grpc,
    log_level: place.logLevel,
    graceful_shutdown_timeout: '2s',
  },
  memberlist: {
    bind_addr: [place.own],
    bind_port: place.ports.gossip,
    advertise_addr: place.own,
  },
  distributor: {
    ring: ringOf(place),
    receivers: {
      otlp: {
        protocols: {
          grpc: { endpoint: `${place.host}:${place.ports.otlpGrpc}` },
          http: { endpoint: `${place.host}:${place.ports.otlp}` },
        },
      },
    },
  },
})

const stores = (place: TempoPlace) => ({
  // By default a search leaves out the newest 30 s; that 0 s needs the live store's leave to lag.
  query_frontend: { query_end_cutoff: '0s' },
  live_store: {
    fail_on_high_lag: false,
    ring: ringOf(place),
    partition_ring: { kvstore: { store: 'inmemory' } },
    wal: { path: `${place.data}/live/traces` },
    shutdown_marker_dir: `${place.data}/live/marker`,
    flush_check_period: '200ms',
    max_trace_idle: '200ms',
    max_trace_live: '2s',
    max_block_duration: place.blockDuration,
  },
  storage: {
    trace: {
      backend: 'local',
      local: { path: `${place.data}/blocks` },
      wal: { path: `${place.data}/wal` },
      blocklist_poll: '30s',
    },
  },
  backend_scheduler: { local_work_path: `${place.data}/work` },
  backend_worker: { compaction: { block_retention: place.retention } },
  ...spanMetrics(place),
})

// Span metrics alone: the kit counts the edges between services, and is their only source.
const spanMetrics = (place: TempoPlace) =>
  place.metrics === undefined
    ? {}
    : {
        metrics_generator: {
          ring: ringOf(place),
          metrics_ingestion_time_range_slack: '30s',
          registry: {
            collection_interval: place.metrics.interval,
            external_labels: { source: 'tempo' },
          },
          processor: {
            span_metrics: { dimensions: ['http.route', 'messaging.destination.name'] },
          },
          storage: {
            path: `${place.data}/generator/wal`,
            remote_write: [
              { url: `${place.metrics.prometheus}/api/v1/write`, send_exemplars: true },
            ],
          },
        },
        overrides: { defaults: { metrics_generator: { processors: ['span-metrics'] } } },
      }
