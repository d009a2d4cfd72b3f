import type { z } from 'zod'
import type { Alert } from './alert.ts'
import type { SharedPanel } from './board.ts'
import type { Edge } from './edge.ts'
import type { Invariant } from './invariant.ts'
import type { Metric } from './metric.ts'
import type { Api } from './route.ts'
import type { DeclaredClient } from './scope.ts'
import type { Slo } from './slo.ts'
import type { Store } from './store.ts'
import type { Consumption, Topic } from './topic.ts'

export type Product = 'platform' | 'webtoon' | 'social' | 'payments'

/** How many replicas Kubernetes runs, and what makes it add one. */
export interface Scale {
  readonly min: number
  readonly max: number
  readonly on: 'cpu' | { readonly lagOf: Topic; readonly perReplica: number }
}

/** One environment variable of a service's own: numbers and switches that people may turn. */
export interface Setting {
  /** Reads the variable's text; give it a default unless the installation makes the value. */
  readonly schema: z.ZodType
  readonly summary: string
  /** `random`: 32 bytes made per installation. `clients`: the declared clients with their secrets, as JSON. */
  readonly secret?: 'random' | 'clients'
}

/** One deployable service, as inert data. Everything around it follows from this value. */
export interface Service {
  readonly kind: 'service'
  readonly name: string
  readonly product: Product
  readonly summary: string
  /** Public port; the admin port is this + 1000. */
  readonly port: number
  readonly stores: readonly Store[]
  /**
   * Read-only user of another service's store; for reconciliation and monitoring only. MariaDB alone can give a user
   * the right to read one database with all tables that it will have.
   */
  readonly reads: readonly Store<'mariadb'>[]
  readonly publishes: readonly Topic[]
  readonly consumes: readonly Consumption[]
  /** Services that it calls over HTTP. */
  readonly calls: readonly Service[]
  /** The client that it is when it asks for tokens of its own. */
  readonly identity: DeclaredClient | undefined
  /** `all`: looks at every service's admin port or at every topic's offsets. */
  readonly observes: 'all' | 'none'
  /** `all`: keeps the dead letters of every topic and can send each back to where it came from. */
  readonly recovers: 'all' | 'none'
  /** `all`: the public reach every service that has an edge through this one. */
  readonly fronts: 'all' | 'none'
  readonly api: Api
  /** Requests that one replica works on at once; more are refused with 503 before they are read. 256 by default. */
  readonly atOnce: number
  readonly edge: Edge | undefined
  readonly metrics: Readonly<Record<string, Metric>>
  /** Beside those that follow for every service: it is down, burns its budget, lags, sheds, waits. */
  readonly alerts: readonly Alert[]
  /** What it shows on boards that it shares with others. */
  readonly panels: readonly SharedPanel[]
  /** What must hold of its data, and of its and others’ together. */
  readonly invariants: readonly Invariant[]
  readonly settings: Readonly<Record<string, Setting>>
  /** One-off work that people start (`main.ts <word>`): what each word does, one sentence. */
  readonly tasks: Readonly<Record<string, string>>
  readonly slo: Slo
  readonly scale: Scale
}

type Declared = Pick<Service, 'name' | 'product' | 'summary' | 'port' | 'slo'> &
  Partial<Omit<Service, 'kind'>>

/** Distance from a service's public port to its admin port. */
export const adminOffset = 1000

/**
 * Declares a service. What is left out is empty; `scale` defaults to 1–1 on cpu.
 * Refer to topics, stores, scopes and services by imported constants.
 */
export function service<const D extends Declared>(declared: D): Service & D {
  return {
    kind: 'service',
    stores: [],
    reads: [],
    publishes: [],
    consumes: [],
    calls: [],
    identity: undefined,
    observes: 'none',
    recovers: 'none',
    fronts: 'none',
    api: {},
    atOnce: 256,
    edge: undefined,
    metrics: {},
    alerts: [],
    panels: [],
    invariants: [],
    settings: {},
    tasks: {},
    scale: { min: 1, max: 1, on: 'cpu' },
    ...declared,
  }
}

/** Whether a service publishes, consumes, or looks at offsets. */
export const speaksKafka = (declared: Service): boolean =>
  declared.publishes.length + declared.consumes.length > 0 ||
  declared.observes === 'all' ||
  declared.recovers === 'all'

/** Whether it calls others through circuit breakers. */
export const hasBreakers = ({ calls, fronts }: Service): boolean =>
  calls.length > 0 || fronts === 'all'

/** Whether it has routes, so that it can be slow or wrong in answering. */
export const answers = ({ api }: Service): boolean => Object.keys(api).length > 0

/** Whether it owns a database whose tables it brings along. */
export const hasDatabase = ({ stores }: Service): boolean =>
  stores.some(({ engine }) => engine === 'postgres' || engine === 'mariadb')

/** Folder of a service's code, from the repository's root. */
export const folderOf = (declared: Service): string =>
  `services/${declared.product}/${declared.name}`
