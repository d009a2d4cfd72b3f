import test from 'ava'
import { topology } from '../../services/topology.ts'
import type { TraceSpan } from '../local/trace/span.ts'
import { declaredEdges, edgesOf } from './edges.ts'

const span = (id: string, service: string, more: Partial<TraceSpan> = {}): TraceSpan => ({
  traceId: 't',
  id,
  parentId: undefined,
  service,
  name: id,
  kind: 'internal',
  startUs: 0,
  durationUs: 1,
  error: undefined,
  attributes: {},
  links: [],
  ...more,
})

test('a trace shows calls, records and store calls as edges', (t) => {
  const spans = [
    span('a', 'gateway', { kind: 'server' }),
    span('b', 'gateway', { parentId: 'a', kind: 'client' }),
    span('c', 'ingest', { parentId: 'b', kind: 'server' }),
    span('d', 'ingest', { parentId: 'c', kind: 'producer' }),
    span('e', 'rank', {
      parentId: 'd',
      kind: 'consumer',
      attributes: { 'db.system.name': 'redis, opensearch', 'db.namespace': 'rank, other' },
    }),
  ]
  t.deepEqual(edgesOf(spans), [
    'gateway → ingest',
    'rank → redis:rank',
    'rank → opensearch:other',
    'ingest → rank',
  ])
})

test('declared edges follow from calls, fronts, stores and topics', (t) => {
  const { running, tasks } = declaredEdges(topology)
  for (const one of [
    'gateway → auth',
    'generator → gateway',
    'ingest → rank',
    'rank → dead-letters',
    'catalog → postgresql:catalog',
    'gateway → redis:gateway',
  ] as const)
    t.true(running.has(one), one)
  t.true(tasks.has('search → catalog'))
  // Whoever sends letters back is not their sender, and ingest gives up only what Kafka refuses.
  t.false(running.has('dead-letters → rank'))
  t.false(running.has('ingest → dead-letters'))
})
