import type { Topology } from '../../services/model/topology.ts'
import type { Gateway } from '../local/front-door.ts'
import type { TraceStore } from '../local/trace/store.ts'

/** A running platform, as its checks reach it. */
export interface Platform {
  readonly topology: Topology
  readonly gateway: Gateway
  /** The front door with another client's token. */
  gatewayAs(client: string): Promise<Gateway>
  readonly traces: TraceStore
  readonly prometheus: string
  /** Brokers, comma separated. */
  readonly kafka: string
  /** As administrator. */
  readonly redis: string
  /** By service. */
  readonly postgres: Readonly<Record<string, string>>
  /** By service. */
  readonly mariadb: Readonly<Record<string, string>>
  readonly opensearch: string
  /** PromQL of every line of every board, and where it stands. */
  readonly boardQueries: readonly { readonly where: string; readonly query: string }[]
  /** PromQL of every rule. */
  readonly ruleQueries: readonly string[]
  /** Folders of what was logged, and of what must not be. */
  readonly where: { readonly logs: string; readonly secrets: string }
  /** Does a declared task of a service, in a process of its own. */
  task(service: string, word: string): Promise<void>
}

/** What a check found. */
export interface Verdict {
  /** How much was looked at: 0 is a failure, whatever else was found. */
  readonly seen: number
  readonly unit: string
  /** What does not hold, one sentence each. */
  readonly broken: readonly string[]
}

/** One thing that must hold of the running platform. */
export interface Check {
  readonly name: string
  readonly says: string
  run(platform: Platform): Promise<Verdict>
}
