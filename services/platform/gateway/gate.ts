import type { Context as Exchange, Middleware } from 'koa'
import type { Method, Route } from '../../model/route.ts'
import { requireScope, type Claims, type Verifier } from '../../kit/auth.ts'
import { setHeaders } from '../../kit/answer-headers.ts'
import { readBytes } from '../../kit/body.ts'
import { limitKeyOf } from '../../kit/limit-key.ts'
import type { Context } from '../../kit/context.ts'
import { clientClosedRequest, type RequestState } from '../../kit/http-observe.ts'
import { Problem } from '../../kit/problem.ts'
import { rateLimitHeaders } from '../../kit/rate-limit.ts'
import { clientAddress } from './client-address.ts'
import { cors } from './cors.ts'
import { exchange } from './exchange.ts'
import type { Fronted } from './fronted.ts'
import { gatewayHeader, passHeaders, requestHeaders } from './headers.ts'
import type { Passage } from './passage.ts'
import { refuseAmbiguous, targetOf, type Target } from './request-target.ts'
import type { Place, RouteTable } from './route-table.ts'
import type gateway from './service.ts'

/** `own`: a route of the gateway itself. */
export type Owner = Fronted | 'own'

/** What the gate is made of. */
export interface GateParts {
  readonly table: RouteTable<Owner>
  readonly verifier: Verifier
}

type Admitted = { to: Fronted; route: Route; claims: Claims | undefined; target: Target }

/** Every request passes here: normal form → CORS → verify → limit → breaker → retry → upstream. */
export function gate(context: Context<typeof gateway>, { table, verifier }: GateParts): Middleware {
  const { corsAllowedOrigins, trustedHops } = context.config.settings
  const allowOrigin = cors(corsAllowedOrigins)

  const enter: Middleware = async (ctx, next) => {
    refuseAmbiguous(ctx.req)
    const target = targetOf(ctx.req)
    const place = table(target.path)
    allowOrigin(ctx, place?.allow ?? 'OPTIONS')
    if (ctx.method === 'OPTIONS') return describe(ctx, place)
    const claims = await admit(ctx, place, verifier)
    const route = place && routeFor(place, ctx.method)
    if (!place || !route) throw refusal(ctx, place)
    if (place.owner === 'own') {
      ctx.url = target.path + target.query
      return next()
    }
    ctx.state.uri = route.path
    await pass(ctx, { to: place.owner, route, claims, target })
  }

  const pass = async (ctx: Exchange, admitted: Admitted): Promise<void> => {
    const { to, claims } = admitted
    const address = clientAddress(ctx.req, trustedHops)
    await limit(ctx, to, claims?.subject ?? limitKeyOf(address))
    const passage = await passageOf(ctx, admitted, address)
    const ending = await exchange(context.tracer, passage)
    if (ending.kind === 'answered') return
    ctx.respond = false
    if (ending.kind === 'gone') ctx.res.statusCode = clientClosedRequest
    else {
      context.log.warn({ err: ending.error, to: to.name }, 'upstream broke off its answer')
      // The head is out, so a cut is the only way to say that the body is not whole.
      ctx.res.statusCode = 502
    }
    ctx.res.destroy()
  }

  return async (ctx, next) => {
    setHeaders(ctx.res, gatewayHeader)
    try {
      await enter(ctx, next)
    } finally {
      sayTime(ctx)
    }
  }
}

/** What is not declared is guarded too: without a token nobody learns which paths exist. */
async function admit(
  ctx: Exchange,
  place: Place<Owner> | undefined,
  verifier: Verifier,
): Promise<Claims | undefined> {
  const route = place && routeFor(place, ctx.method)
  if (route ? route.access === 'public' : place?.open) return undefined
  const claims = await verifier.verify(ctx.req.headers.authorization)
  if (route && route.access !== 'public') requireScope(claims, route.access)
  return claims
}

const routeFor = (place: Place<Owner>, method: string): Route | undefined =>
  place.routes.get((method === 'HEAD' ? 'GET' : method) as Method)

const refusal = (ctx: Exchange, place: Place<Owner> | undefined): Problem =>
  place
    ? new Problem(405, 'METHOD_NOT_ALLOWED', `${ctx.path} answers ${place.allow}.`, {
        headers: { allow: place.allow },
      })
    : new Problem(404, 'NOT_FOUND', `There is nothing at ${ctx.path}.`)

function describe(ctx: Exchange, place: Place<Owner> | undefined): void {
  if (!place) throw refusal(ctx, place)
  ctx.set('allow', place.allow)
  ctx.status = 204
}

async function limit(ctx: Exchange, to: Fronted, key: string): Promise<void> {
  const taken = to.limiter.take(key)
  const decision = taken instanceof Promise ? await taken : taken
  const headers = rateLimitHeaders(to.edge.limit, decision)
  if (decision.allowed) return setHeaders(ctx.res, headers)
  to.counts.limited += 1
  throw new Problem(429, 'RATE_LIMITED', 'That is more than the limit; see Retry-After.', {
    headers,
  })
}

/** The body is read first: a client that sends slowly costs its own time and not the upstream's. */
async function passageOf(
  ctx: Exchange,
  { to, route, claims, target }: Admitted,
  address: string,
): Promise<Passage> {
  const { requestId } = ctx.state as RequestState
  const body = route.body ? await readBytes(ctx.req, route.maxBodyBytes) : undefined
  const headers = requestHeaders(ctx.req, { requestId, address, claims }, route.body !== undefined)
  return {
    to,
    template: route.path,
    forwarded: { method: ctx.method, path: inside(to, target), headers, body },
    response: ctx.res,
    begin: (status, answered) => {
      passHeaders(answered, ctx.res)
      sayTime(ctx)
      ctx.res.writeHead(status)
      ctx.respond = false
    },
  }
}

const inside = ({ edge }: Fronted, { path, query }: Target): string =>
  path.slice(edge.base.length) + query

/** Set before the head is written, or it never leaves. */
function sayTime(ctx: Exchange): void {
  const { startedAt } = ctx.state as RequestState
  setHeaders(ctx.res, { 'x-response-time-ms': String(Math.round(performance.now() - startedAt)) })
}
