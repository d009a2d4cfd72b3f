import { Command, Redis as Client } from 'ioredis'
import { setTimeout as pause } from 'node:timers/promises'
import type { Store } from '../model/store.ts'
import type { Context } from './context.ts'
import type { CallOptions, RedisCommand } from './redis-call.ts'
import { redisProblem } from './redis-errors.ts'
import { scriptCaller, type Script } from './redis-script.ts'
import { storeCalls } from './store-call.ts'

/**
 * A Redis store. Nothing is ever sent twice: a call that was cut off or timed out is *unknown*, so effects that
 * matter carry an id that the script checks. Rejects with Problem 503 `STORE_UNAVAILABLE` while Redis is away.
 */
export interface Redis {
  /** The store's name. */
  readonly name: string
  /** One command; replies as strings, numbers, null or arrays of them. */
  call(...command: RedisCommand): Promise<unknown>
  /** One command whose replies are Buffers. */
  callBytes(...command: RedisCommand): Promise<unknown>
  /** Several commands in one write; replies in order. Not atomic. Rejects when any of them failed. */
  pipeline(commands: readonly RedisCommand[], options?: CallOptions): Promise<unknown[]>
  /**
   * A Lua script as a function, sent as EVALSHA and, where Redis does not know it, once more as EVAL.
   * @param name operation name in traces, e.g. `apply-batch`
   */
  script(name: string, lua: string, options?: CallOptions): Script
  /** Rejects with the reason while Redis does not answer. */
  ping(): Promise<void>
}

/** Reliability baseline §6: a Redis call that takes longer is treated as unknown. */
const replyWithinMs = 300
const connectWithinMs = 1000
/** A connection that owes replies for this long is replaced, so that a black hole costs one reconnect. */
const silentSocketMs = 3000

/**
 * Connects to a store's Redis as the store's own user. Also registers readiness and the closing.
 * Resolves when connected, or after a second without: the service then starts and is not ready.
 */
export async function redis(
  context: Context,
  store: Store<'redis'>,
  { vital = true }: { vital?: boolean } = {},
): Promise<Redis> {
  const { life, config } = context
  const login = config.store(store)
  const client = createClient(context, store)
  const observed = storeCalls(context, store, login)

  const send = (command: RedisCommand, options: CallOptions = {}): Promise<unknown> => {
    const [name, ...args] = command
    const replyEncoding = options.replies === 'bytes' ? null : 'utf8'
    const sent = new Command(name, args, { replyEncoding })
    sent.setTimeout(options.timeoutMs ?? replyWithinMs)
    return (client.sendCommand(sent) as Promise<unknown>).catch((error: unknown) => {
      throw redisProblem(store, error)
    })
  }
  const call = (command: RedisCommand, options?: CallOptions): Promise<unknown> =>
    observed(command[0].toUpperCase(), () => send(command, options))

  const connected: Redis = {
    name: store.name,
    call: (...command) => call(command),
    callBytes: (...command) => call(command, { replies: 'bytes' }),
    pipeline: (commands, options) =>
      observed('PIPELINE', () => together(client, () => commands.map((one) => send(one, options)))),
    script: (name, lua, options) =>
      scriptCaller(
        lua,
        (command) => send(command, options),
        (work) => observed(name, work),
      ),
    ping: async () => void (await send(['PING'])),
  }
  life.check(`redis ${store.name}`, connected.ping, vital)
  life.onStop('stores', `redis ${store.name}`, () => client.disconnect())
  await firstConnection(client)
  return connected
}

/**
 * ioredis re-sends what was in flight when a connection broke (one INCR became two) and waits for minutes by
 * default; `maxRetriesPerRequest: 0` is the only setting that sends nothing twice and still settles every promise.
 */
function createClient({ config, log }: Context, store: Store<'redis'>): Client {
  const { host, port, user, password } = config.store(store)
  const client = new Client({
    host,
    port,
    ...(user && { username: user }),
    ...(password && { password }),
    connectionName: store.name,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // A store's user may not run INFO everywhere; LOADING comes back as an error of the command itself.
    enableReadyCheck: false,
    connectTimeout: connectWithinMs,
    commandTimeout: connectWithinMs,
    socketTimeout: silentSocketMs,
    retryStrategy: (attempt) =>
      Math.min(50 * 2 ** Math.min(attempt, 6), 1000) * (0.5 + Math.random() / 2),
  })
  let away = false
  client.on('error', (err: Error) => {
    if (!away) log.warn({ err, store: store.name }, 'redis is away')
    away = true
  })
  client.on('ready', () => {
    if (away) log.info({ store: store.name }, 'redis is back')
    away = false
  })
  return client
}

async function firstConnection(client: Client): Promise<void> {
  const connecting = client.connect().catch(() => undefined)
  await Promise.race([connecting, pause(connectWithinMs, undefined, { ref: false })])
}

/** One TCP write for all: Node sends a corked stream at once. */
async function together(client: Client, start: () => Promise<unknown>[]): Promise<unknown[]> {
  const { stream } = client
  stream?.cork()
  const replies = start()
  stream?.uncork()
  const settled = await Promise.allSettled(replies)
  return settled.map((reply) => {
    if (reply.status === 'rejected') throw reply.reason
    return reply.value
  })
}
