import { trace } from '@opentelemetry/api'
import { pino, type DestinationStream, type Logger } from 'pino'

export type { Logger } from 'pino'

const secrets = [
  'authorization',
  'password',
  'secret',
  'client_secret',
  'token',
  'access_token',
  'refresh_token',
  'cookie',
]

/** Never written, at the top of a log line or one level down. */
const redactedPaths: readonly string[] = secrets.flatMap((name) => [name, `*.${name}`])

/**
 * One JSON line per event with service, instance and the ids of the active span.
 * @param to defaults to stdout
 */
export function createLog(
  bound: { service: string; instance: string; level: string },
  to?: DestinationStream,
): Logger {
  const { level, ...base } = bound
  const options = {
    level,
    base,
    messageKey: 'msg',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: [...redactedPaths], censor: '***' },
    mixin: activeTrace,
  }
  return to ? pino(options, to) : pino(options)
}

const activeTrace = (): Record<string, string> => {
  const span = trace.getActiveSpan()?.spanContext()
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {}
}
