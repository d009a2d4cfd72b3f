import { setTimeout as delay } from 'node:timers/promises'
import type { Middleware } from 'koa'
import type { Behaviour, Behaviours, CallType } from './behaviour.ts'

/**
 * What lies between the gateway and its callers: delays, silence, broken connections.
 * @param stopped ends silences, so that the service can stop
 */
export function weather(behaving: Behaviours, stopped: AbortSignal): Middleware {
  return async (ctx, next) => {
    const call = callAt(ctx.method, ctx.path)
    if (!call) return next()
    const { connection, ...times } = behaving.of(call)
    await delay(delayOf(times), undefined, { signal: stopped }).catch(() => undefined)
    if (connection === 'answers') return next()
    if (connection.endsWith('after')) await next()
    if (connection.startsWith('silent')) await gone(ctx.req.socket, stopped)
    // The answer of koa goes nowhere.
    ctx.req.socket.resetAndDestroy()
  }
}

const operations = '/pg/operations/'

function callAt(method: string, path: string): CallType | undefined {
  if (method === 'GET' && path.startsWith(operations)) return 'query'
  if (method !== 'POST') return undefined
  return (['authorize', 'capture', 'refund', 'void'] as const).find((one) => path === `/pg/${one}`)
}

const delayOf = ({ delayMinMs, delayMaxMs }: Omit<Behaviour, 'connection'>): number =>
  delayMinMs + Math.random() * Math.max(0, delayMaxMs - delayMinMs)

/** Resolves when the caller has given up. */
function gone(socket: NodeJS.EventEmitter, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', resolve)
    stopped.addEventListener('abort', () => resolve(), { once: true })
  })
}
