import type { Context as Exchange } from 'koa'

const allowedHeaders = 'Authorization, Content-Type, If-Match, Idempotency-Key, X-Request-Id'
const exposedHeaders =
  'X-Request-Id, X-Trace-Id, X-Response-Time-ms, Retry-After, RateLimit, X-RateLimit-Remaining, ETag'
const maxAgeSeconds = '3600'

/** Says who may call from a browser. Origins are compared whole; credentials (cookies) are never allowed. */
export function cors(origins: readonly string[]): (ctx: Exchange, methods: string) => void {
  const any = origins.includes('*')
  const allowed = new Set(origins)
  return (ctx, methods) => {
    const origin = ctx.get('origin')
    if (origin === '' || allowed.size === 0) return
    if (!any) ctx.vary('Origin')
    if (!any && !allowed.has(origin)) return
    ctx.set('access-control-allow-origin', any ? '*' : origin)
    if (ctx.method !== 'OPTIONS') return ctx.set('access-control-expose-headers', exposedHeaders)
    ctx.set({
      'access-control-allow-methods': methods,
      'access-control-allow-headers': allowedHeaders,
      'access-control-max-age': maxAgeSeconds,
    })
  }
}
