import test from 'ava'
import { service } from '../../services/model/service.ts'
import { store } from '../../services/model/store.ts'
import { topology } from '../../services/topology.ts'
import { enginesFor } from './needs.ts'

const slo = { availability: 99, latency: { p95Ms: 100 } }
const declared = { product: 'payments', summary: 'A sample.', port: 23_001, slo } as const
const books = store('mariadb', 'books', { summary: 'Books.' })
const keeper = service({ ...declared, name: 'keeper', stores: [books] })
const auditor = service({ ...declared, name: 'auditor', reads: [books] })

const names = (...[services, observed]: Parameters<typeof enginesFor>): readonly string[] =>
  enginesFor(services, observed).map(({ name }) => name)

test('a server starts where a service keeps or reads something in it, and its exporter with it', (t) => {
  for (const one of [keeper, auditor]) {
    const started = names([one], true)
    t.true(started.includes('mariadb') && started.includes('mariadb-exporter'), one.name)
    for (const name of ['postgres', 'postgres-exporter', 'redis', 'redis-exporter'])
      t.false(started.includes(name), name)
    t.true(names([one], false).includes('mariadb'))
    t.false(names([one], false).includes('mariadb-exporter'))
  }
})

test('the platform as it is starts what its stores need, and all that look at it', (t) => {
  const started = names(topology.services, true)
  const engines = new Set<string>(topology.stores.map(({ engine }) => engine))
  t.is(started.includes('mariadb'), engines.has('mariadb'))
  for (const name of [
    'prometheus',
    'alertmanager',
    'grafana',
    'postgres-exporter',
    'redis-exporter',
  ])
    t.true(started.includes(name), name)
})
