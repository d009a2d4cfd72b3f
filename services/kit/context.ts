import type { Tracer } from '@opentelemetry/api'
import type { Metric } from '../model/metric.ts'
import type { Service } from '../model/service.ts'
import type { Controls } from './breaker-machine.ts'
import type { Config } from './config.ts'
import { createLifecycle, type Lifecycle } from './lifecycle.ts'
import { createLog, type Logger } from './log.ts'
import { createMeter, type Meter } from './metrics.ts'

/** Milliseconds since the epoch. Passed in, so that rules about time can be tested. */
export type Clock = () => number

/** All that a service is given at start. Nothing else is global. */
export interface Context<S extends Service = Service> {
  readonly service: S
  readonly instance: string
  readonly config: Config<S>
  readonly log: Logger
  readonly meter: Meter
  readonly tracer: Tracer
  readonly clock: Clock
  readonly life: Lifecycle
  /** Every circuit breaker of this instance by its name; `breaker` puts it there. */
  readonly breakers: Map<string, Controls>
}

/** What a caller may replace; tests do. */
export interface Overrides {
  readonly tracer: Tracer
  readonly clock?: Clock
  readonly log?: Logger
  /** Collect Node's own process metrics into this registry. Default true. */
  readonly processWide?: boolean
}

/** Puts a context together from a checked environment. */
export function createContext<S extends Service>(
  service: S,
  config: Config<S>,
  overrides: Overrides,
): Context<S> {
  const instance = config.text('INSTANCE')
  const bound = { service: service.name, instance, level: config.text('LOG_LEVEL') }
  const log = overrides.log ?? createLog(bound)
  const metrics: readonly Metric[] = Object.values(service.metrics)
  return {
    service,
    instance,
    config,
    log,
    meter: createMeter(metrics, overrides.processWide ?? true),
    tracer: overrides.tracer,
    clock: overrides.clock ?? Date.now,
    life: createLifecycle(log),
    breakers: new Map(),
  }
}
