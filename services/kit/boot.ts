import type { Service } from '../model/service.ts'
import type { Config } from './config.ts'
import { createContext, type Context, type Overrides } from './context.ts'
import { serveAdmin } from './health.ts'
import { migrateAtStart } from './migrate.ts'

/** A service's `start.ts`: composes the parts and returns where it listens. */
export type Start<S extends Service = Service> = (context: Context<S>) => Promise<{ url: string }>

/** A started service. */
export interface Running {
  readonly context: Context
  readonly url: string
  readonly admin: string
  stop(): Promise<void>
}

/**
 * Starts a service: admin port → migrations (or the check of them) → start → ready.
 * @throws whatever the start threw, after everything that had started was stopped again
 */
export async function boot<S extends Service>(
  service: S,
  start: Start<S>,
  config: Config<S>,
  overrides: Overrides,
): Promise<Running> {
  const context = createContext(service, config, overrides)
  const { life, log } = context
  const stop = (): Promise<void> =>
    life.stop(config.number('DRAIN_MS'), config.number('STOP_DEADLINE_MS'))
  const admin = await serveAdmin(context)
  life.onStop('telemetry', 'admin port', () => admin.close())
  try {
    await migrateAtStart(context)
    const { url } = await start(context)
    life.started()
    log.info({ url, admin: admin.url }, 'ready')
    return { context, url, admin: admin.url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
