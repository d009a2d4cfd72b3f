import { join } from 'node:path'
import { stringify } from 'yaml'
import { tempoConfig } from '../../observability/tempo-config.ts'
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
    await writeFor(site, 'tempo.yaml', stringify(configFor(site, data)))
  },
  command: (site) => ({
    program: site.supply.program ?? '',
    args: [`-config.file=${join(site.dir, 'tempo.yaml')}`],
  }),
  async probe(site) {
    await ask(site, '/ready')
  },
}

const configFor = (site: Site, data: string) => {
  const { prometheus } = site.settings
  return tempoConfig({
    host: '127.0.0.1',
    own: '127.0.0.1',
    ports: {
      main: portOf(site),
      grpc: portOf(site, 'grpc'),
      gossip: portOf(site, 'gossip'),
      otlp: portOf(site, 'otlp'),
      otlpGrpc: portOf(site, 'otlpGrpc'),
    },
    data,
    logLevel: 'error',
    retention: '24h',
    blockDuration: '30s',
    ...(prometheus !== undefined && { metrics: { prometheus, interval: '2s' } }),
  })
}
