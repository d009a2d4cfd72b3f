import type { Tracer } from '@opentelemetry/api'
import type { Service } from '../model/service.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'

export async function migrateAtStart(_context: Context): Promise<void> {}
export async function migrateOnly(
  _service: Service,
  _config: Config,
  _tracer: Tracer,
): Promise<void> {}
