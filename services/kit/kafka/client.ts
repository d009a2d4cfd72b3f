import kafkajs, { type Kafka as Client, type LogEntry, type RetryOptions } from 'kafkajs'
import type { Context } from '../context.ts'
import type { Logger } from '../log.ts'

/** kafkajs as every part of the port uses it, with the prefix that keeps tests apart. */
export interface Connection {
  readonly client: Client
  /** Name on the broker of a topic or group. */
  named(name: string): string
}

/** Requests end within 5 s (reliability baseline). */
const limits = {
  connectionTimeout: 2000,
  authenticationTimeout: 2000,
  requestTimeout: 5000,
  enforceRequestTimeout: true,
}

/**
 * `brief`, about 1.5 s: whoever calls decides what an outage means. `patient`, half a minute: a group's member that
 * comes back by itself keeps its place, while a new one must wait until the broker has given up the old one. `fresh`,
 * about 10 s: a broker that has just been started finds its controller.
 */
export const retries = {
  brief: { initialRetryTime: 100, maxRetryTime: 1000, retries: 4 },
  patient: { initialRetryTime: 100, maxRetryTime: 1000, retries: 30 },
  fresh: { initialRetryTime: 300, retries: 5 },
}

export const connectionOf = (
  { config, log, instance }: Context,
  retry = retries.brief,
): Connection =>
  connect({
    retry,
    bootstrap: config.text('KAFKA_BOOTSTRAP'),
    prefix: config.text('KAFKA_PREFIX'),
    login: { username: config.text('KAFKA_USER'), password: config.text('KAFKA_PASSWORD') },
    clientId: instance,
    log,
  })

/**
 * @param at `bootstrap`: brokers, comma separated; `prefix`: before topic and group names; `login`: SCRAM-SHA-512,
 * none without a username; without a `log` kafkajs says nothing, for callers that say themselves what went wrong
 */
export function connect({
  log,
  ...at
}: {
  bootstrap: string
  prefix: string
  login?: { readonly username: string; readonly password: string }
  clientId: string
  log?: Logger
  retry?: RetryOptions
}): Connection {
  const client = new kafkajs.Kafka({
    clientId: at.clientId,
    brokers: at.bootstrap.split(','),
    ...(at.login?.username && { sasl: { mechanism: 'scram-sha-512', ...at.login } }),
    ...limits,
    retry: at.retry ?? retries.brief,
    logLevel: log ? kafkajs.logLevel.WARN : kafkajs.logLevel.NOTHING,
    ...(log && { logCreator: () => logInto(log) }),
  })
  return { client, named: (name) => at.prefix + name }
}

/** What kafkajs calls an error is an attempt that failed; the kit logs an error where it gives up. */
const logInto =
  (log: Logger) =>
  ({ namespace, level, log: entry }: LogEntry): void => {
    const { message } = entry
    const line = {
      ...entry,
      message: undefined,
      timestamp: undefined,
      logger: undefined,
      kafkajs: namespace,
    }
    if (message.startsWith('Limiting retries')) return // the accumulator replaces a producer that gave up
    if (level <= kafkajs.logLevel.WARN) log.warn(line, message)
    else log.debug(line, message)
  }
