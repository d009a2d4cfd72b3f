import type { Context } from '../../kit/context.ts'
import { repeat } from '../../kit/repeat.ts'
import { activeTraceId } from '../../kit/spans.ts'
import { unknownEnded } from './answers.ts'
import type { Final, GatewayCalls } from './gateway-calls.ts'
import { pendingAge, pendingCount } from './metrics.ts'
import { finalise, finishVoid, type Books } from './outcomes.ts'
import type { Payment } from './payments.ts'
import { claimDue, intendVoid, pendingPayments, type Times } from './store.ts'

/** What is looked after with what. */
export interface Resolver extends Books {
  readonly gateway: GatewayCalls
  readonly times: Times & {
    readonly voidAfterMs: number
    /** An approval that is heard of later than this is no use to the buyer any more. */
    readonly approvedWithinMs: number
    readonly lookEveryMs: number
  }
}

/** Payments that one replica looks after at once, and the longest pause between two looks. */
const atOnce = 16
const longestPauseMs = 60_000

/** Looks after payments whose result is unknown and holds that nobody captures, until the service stops. */
export function resolveUnknown(context: Context, resolver: Resolver): void {
  const { lookEveryMs } = resolver.times
  repeat(context, { name: 'payment resolver', everyMs: lookEveryMs }, () => lookAfterAll(resolver))
  repeat(context, { name: 'payment gauges', everyMs: 1000 }, async () => {
    const pending = await pendingPayments(resolver.database)
    context.meter.set(pendingCount, undefined, pending?.count ?? 0)
    context.meter.set(pendingAge, undefined, pending?.oldestSeconds ?? 0)
  })
}

async function lookAfterAll(resolver: Resolver): Promise<void> {
  const { leaseMs, resolveMs } = resolver.times
  const after = ({ attempt }: Payment): number =>
    Math.min(longestPauseMs, resolveMs * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2)
  const due = await claimDue(resolver.database, { count: atOnce, leaseMs: 2 * leaseMs, after })
  await Promise.all(due.map((payment) => lookAfter(resolver, payment)))
  if (due.length === atOnce) await lookAfterAll(resolver)
}

async function lookAfter(resolver: Resolver, payment: Payment): Promise<void> {
  resolver.events.resolved(payment, await resolve(resolver, payment))
}

type Outcome = 'approved' | 'declined' | 'voided' | 'unknown' | 'overtaken'

async function resolve(resolver: Resolver, payment: Payment): Promise<Outcome> {
  if (payment.pendingCall === 'void') return letGo(resolver, payment)
  const verdict = await resolver.gateway.query(payment)
  if (verdict.kind === 'unknown') return 'unknown'
  const { approvedWithinMs } = resolver.times
  const isUseless = verdict.kind === 'approved' && payment.ageMs >= approvedWithinMs
  if (verdict.kind !== 'none' && !isUseless) return end(resolver, payment, verdict)
  // From here on no retry can authorise it; what is still on its way meets the void at the gateway.
  if (!(await intendVoid(resolver.database, payment))) return 'overtaken'
  return letGo(resolver, payment)
}

async function end(resolver: Resolver, payment: Payment, verdict: Final): Promise<Outcome> {
  const answer = await finalise(resolver, payment, { verdict, origin: origin() })
  return answer ? verdict.kind : 'overtaken'
}

/** Only when the gateway has said that it let go, the payment says so. */
async function letGo(resolver: Resolver, payment: Payment): Promise<Outcome> {
  const verdict = await resolver.gateway.void(payment)
  if (verdict.kind === 'declined' && payment.status === 'READY')
    return end(resolver, payment, verdict)
  if (verdict.kind !== 'voided') return 'unknown'
  if (payment.status === 'READY')
    return end(resolver, payment, { kind: 'voided', code: unknownEnded })
  return (await finishVoid(resolver, payment)) ? 'voided' : 'overtaken'
}

const origin = () => ({ requestId: '', traceId: activeTraceId() })
