import { serverUp, watched, watcherOf, type Watcher } from '../dashboards/servers.ts'
import type { StoreKind } from '../services/model/store.ts'
import type { Topology } from '../services/model/topology.ts'
import type { Rule } from './rule.ts'

/** Of every engine that the topology's stores are on: its servers are away, or nobody sees whether they are. */
export const serverRules = ({ stores }: Pick<Topology, 'stores'>): readonly Rule[] =>
  [...new Set(stores.map(({ engine }) => engine))].flatMap((engine) => {
    const watcher = watcherOf(engine)
    return watcher ? [storeDown(engine, watcher), storeUnseen(engine, watcher)] : []
  })

const storeDown = (engine: StoreKind, watcher: Watcher): Rule => ({
  alert: 'StoreDown',
  expr: `${serverUp(watcher)} < 1`,
  for: '1m',
  labels: { severity: 'critical', service: engine },
  annotations: {
    summary: `No server of ${engine} answers`,
    description: `Whoever exports the numbers of ${engine} has not reached a server for a minute.`,
  },
})

const storeUnseen = (engine: StoreKind, watcher: Watcher): Rule => ({
  alert: 'StoreUnseen',
  expr: `${watched(watcher)} < 1`,
  for: '2m',
  labels: { severity: 'warning', service: engine },
  annotations: {
    summary: `Nobody sees whether ${engine} answers`,
    description: `Whoever exports the numbers of ${engine} has not answered its scrape for two minutes.`,
  },
})
