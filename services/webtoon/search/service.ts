import { z } from 'zod'
import { edge } from '../../model/edge.ts'
import { service } from '../../model/service.ts'
import { consume } from '../../model/topic.ts'
import { indexer } from '../clients.ts'
import { titleIndex } from '../stores.ts'
import { catalogUpsert } from '../topics.ts'
import catalog from '../catalog/service.ts'
import { alerts } from './alerts.ts'
import { api } from './api.ts'
import * as metrics from './metrics.ts'
import { panels } from './panels.ts'

export default service({
  name: 'search',
  product: 'webtoon',
  summary: 'Finds titles by Korean full text.',
  port: 8104,
  stores: [titleIndex],
  calls: [catalog],
  identity: indexer,
  consumes: [consume(catalogUpsert, 'search-indexer')],
  api,
  edge: edge({
    prefixes: ['/search'],
    limit: { perSecond: 200, burst: 400 },
    timeLimitMs: 1500,
    retries: { attempts: 3, firstBackoffMs: 50, maxBackoffMs: 500 },
  }),
  metrics,
  alerts,
  panels,
  settings: {
    shards: {
      schema: z.coerce.number<string>().int().min(1).max(64).default(1),
      summary: 'Primary shards of an index that is made from now on; 1 by default',
    },
    replicas: {
      schema: z
        .string()
        .regex(/^\d-(\d|all)$/, 'must look like 0-1')
        .default('0-1'),
      summary: 'Copies of each shard by the number of nodes (auto_expand_replicas); 0-1 by default',
    },
  },
  tasks: { reindex: 'Reads all titles into a new index and switches readers to it.' },
  slo: { availability: 99.9, latency: { p95Ms: 300 } },
  scale: { min: 2, max: 10, on: 'cpu' },
})
