import { join } from 'node:path'
import { stringify } from 'yaml'
import { ask, portOf } from './endpoint.ts'
import type { Engine, Site } from './engine.ts'
import { obtainNamed } from './named-program.ts'
import { folder, writeFor } from './site-folder.ts'

/** Tempo in one process, fed by OTLP. Setting: `prometheus` (URL of the remote-write receiver for span metrics). */
export const tempo: Engine = {
  name: 'tempo',
  summary: 'Tempo, the trace store',
  vital: false,
  ports: { main: 3200, grpc: 9097, gossip: 7946, otlp: 4318, otlpGrpc: 4317 },
  account: 'maru-tempo',
  stopSignal: 'SIGTERM',
  // A clean stop may hang for minutes; after kill -9 it replays its log.
  stopWithinMs: 3_000,
  readyWithinMs: 60_000,
  missing:
    'Tempo is in no package registry: put tempo on PATH or name the binary in MARU_TEMPO_BIN.',
  obtain: (workshop) => obtainNamed('tempo', workshop),
  async prepare(site) {
    const data = await folder(site, 'data')
    await writeFor(site, 'tempo.yaml', stringify({ ...servers(site), ...stores(site, data) }))
  },
  command: (site) => ({
    program: site.supply.program ?? '',
    args: [`-config.file=${join(site.dir, 'tempo.yaml')}`],
  }),
  async probe(site) {
    await ask(site, '/ready')
  },
}

const ring = { instance_addr: '127.0.0.1', kvstore: { store: 'inmemory' } }

const servers = (site: Site) => ({
  target: 'all',
  stream_over_http_enabled: true,
  usage_report: { reporting_enabled: false },
  server: {
    http_listen_address: '127.0.0.1',
    http_listen_port: portOf(site),
    grpc_listen_address: '127.0.0.1',
    grpc_listen_port: portOf(site, 'grpc'),
    log_level: 'error',
    graceful_shutdown_timeout: '2s',
  },
  memberlist: {
    bind_addr: ['127.0.0.1'],
    bind_port: portOf(site, 'gossip'),
    advertise_addr: '127.0.0.1',
  },
  distributor: {
    ring,
    receivers: {
      otlp: {
        protocols: {
          grpc: { endpoint: `127.0.0.1:${portOf(site, 'otlpGrpc')}` },
          http: { endpoint: `127.0.0.1:${portOf(site, 'otlp')}` },
        },
      },
    },
  },
})

const stores = (site: Site, data: string) => ({
  // By default a search leaves out the newest 30 s; that 0 s needs the live store's leave to lag.
  query_frontend: { query_end_cutoff: '0s' },
  live_store: {
    fail_on_high_lag: false,
    ring,
    partition_ring: { kvstore: { store: 'inmemory' } },
    wal: { path: join(data, 'live/traces') },
    shutdown_marker_dir: join(data, 'live/marker'),
    flush_check_period: '200ms',
    max_trace_idle: '200ms',
    max_trace_live: '2s',
    max_block_duration: '30s',
  },
  storage: {
    trace: {
      backend: 'local',
      local: { path: join(data, 'blocks') },
      wal: { path: join(data, 'wal') },
      blocklist_poll: '30s',
    },
  },
  backend_scheduler: { local_work_path: join(data, 'work') },
  backend_worker: { compaction: { block_retention: '24h' } },
  ...spanMetrics(site.settings.prometheus, data),
})

// No service graphs: the kit counts the edges, and is their only source.
const spanMetrics = (prometheus: string | undefined, data: string) =>
  prometheus === undefined
    ? {}
    : {
        metrics_generator: {
          ring,
          metrics_ingestion_time_range_slack: '30s',
          registry: { collection_interval: '2s', external_labels: { source: 'tempo' } },
          processor: {
            span_metrics: { dimensions: ['http.route', 'messaging.destination.name'] },
          },
          storage: {
            path: join(data, 'generator/wal'),
            remote_write: [{ url: `${prometheus}/api/v1/write`, send_exemplars: true }],
          },
        },
        overrides: { defaults: { metrics_generator: { processors: ['span-metrics'] } } },
      }
