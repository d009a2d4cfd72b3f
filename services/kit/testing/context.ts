import type { Service } from '../../model/service.ts'
import { readConfig } from '../config.ts'
import { createContext, type Context, type Overrides } from '../context.ts'
import { createLog } from '../log.ts'
import { bareTracing } from './tracing.ts'

const nowhere = 'http://127.0.0.1:1'

/**
 * The context of a service that is not booted, for tests of single kit modules. Ports are free ones, the log is silent.
 * @param env what the declaration needs beyond the process variables
 */
export function contextOf<S extends Service>(
  service: S,
  env: Readonly<Record<string, string>> = {},
  overrides: Partial<Overrides> = {},
): Context<S> {
  const config = readConfig(service, {
    INSTANCE: `${service.name}-1`,
    HOST: '127.0.0.1',
    PORT: '0',
    ADMIN_PORT: '0',
    AUTH_ISSUER: nowhere,
    AUTH_JWKS_URI: `${nowhere}/.well-known/jwks.json`,
    ...env,
  })
  const log = createLog({ service: service.name, instance: 'test', level: 'silent' })
  const tracer = overrides.tracer ?? bareTracing().tracer(service.name)
  return createContext(service, config, { processWide: false, log, ...overrides, tracer })
}
