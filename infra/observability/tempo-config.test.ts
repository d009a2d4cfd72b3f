import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { parse } from 'yaml'
import type { Site } from '../local/engines/engine.ts'
import { tempo as engine } from '../local/engines/tempo.ts'
import { settingsOf } from './testing.ts'
import { tempoObjects } from './tempo.ts'

interface Config {
  readonly overrides: object
  readonly metrics_generator: { readonly processor: object }
  readonly query_frontend: object
  readonly live_store: { readonly fail_on_high_lag: boolean }
  readonly server: { readonly http_listen_address: string }
  readonly storage: { readonly trace: { readonly local: { readonly path: string } } }
  readonly backend_worker: { readonly compaction: { readonly block_retention: string } }
}

function inCluster(stack: string): Config {
  const config = tempoObjects({ settings: settingsOf(stack) }).find(
    ({ kind }) => kind === 'ConfigMap',
  )
  return parse((config?.['data'] as Record<string, string>)['tempo.yaml'] ?? '') as Config
}

async function onOneMachine(): Promise<Config> {
  const dir = await mkdtemp(join(tmpdir(), 'maru-tempo-'))
  const ports = { main: 3200, grpc: 9097, gossip: 7946, otlp: 4318, otlpGrpc: 4317 }
  const site = { dir, ports, settings: { prometheus: 'http://127.0.0.1:9090' } }
  try {
    await engine.prepare(site as unknown as Site)
    return parse(await readFile(join(dir, 'tempo.yaml'), 'utf8')) as Config
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

test('Tempo derives the same from spans on one machine and in a cluster, and nothing but span metrics', async (t) => {
  const local = await onOneMachine()
  const cluster = inCluster('prod')
  t.deepEqual(cluster.overrides, local.overrides)
  t.deepEqual(cluster.overrides, {
    defaults: { metrics_generator: { processors: ['span-metrics'] } },
  })
  t.deepEqual(cluster.metrics_generator.processor, local.metrics_generator.processor)
  t.deepEqual(Object.keys(cluster.metrics_generator.processor), ['span_metrics'])
  t.deepEqual(cluster.query_frontend, local.query_frontend)
  t.deepEqual(Object.keys(cluster), Object.keys(local))
})

test('a search over the newest spans needs a live store that may lag', (t) => {
  const { query_frontend, live_store } = inCluster('dev')
  t.deepEqual(query_frontend, { query_end_cutoff: '0s' })
  t.false(live_store.fail_on_high_lag)
})

test('in a pod Tempo listens for others, writes to its volume, and keeps blocks as the stack says', (t) => {
  const { server, storage, backend_worker } = inCluster('prod')
  t.is(server.http_listen_address, '0.0.0.0')
  t.true(storage.trace.local.path.startsWith('/var/tempo/'))
  t.is(backend_worker.compaction.block_retention, '168h')
})
