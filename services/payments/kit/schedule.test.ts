import test from 'ava'
import type { Verdict } from './gateway-calls.ts'
import type { Request } from './requests.ts'
import { leaseMs, stepAfter } from './schedule.ts'

const times = { gatewayTimeoutMs: 10_000, retryIntervalMs: 30_000, maxRetries: 10 }

const request = (rest: Partial<Request> = {}): Request => ({
  ...{ seq: 1, id: 'r', paymentId: 'p', merchantId: 'm', version: 1, amount: 1, currency: 'KRW' },
  ...{ status: 'PENDING', attempt: 1, retryCount: 0, isUnknown: false, isDead: false },
  ...{ traceparent: null, ageMs: 0 },
  ...rest,
})
const heard = (kind: Exclude<Verdict['kind'], 'approved'>): Verdict => ({
  ...{ kind, code: 'X', message: 'x' },
})

test('a lease is longer than the gateway may take', (t) => {
  for (const gatewayTimeoutMs of [50, 600, 10_000, 60_000])
    t.true(leaseMs({ ...times, gatewayTimeoutMs }) > gatewayTimeoutMs + 2000)
})

test('pauses double up to half an hour, and each is a little longer by chance', (t) => {
  const pauseAfter = (retryCount: number): number => {
    const step = stepAfter(heard('failed'), request({ retryCount, attempt: retryCount + 1 }), times)
    return 'afterMs' in step ? step.afterMs : NaN
  }
  for (const [failures, seconds] of [30, 60, 120, 240, 480, 960, 1800, 1800, 1800].entries()) {
    const found = new Set(Array.from({ length: 20 }, () => pauseAfter(failures)))
    t.true(found.size > 10, 'they differ')
    for (const ms of found)
      t.true(ms >= seconds * 1000 && ms <= seconds * 1500, `${seconds} s: ${ms}`)
  }
})

test('a result that is unknown is asked for after twice the gateway’s time, at least every 90 s', (t) => {
  for (const attempt of [1, 2, 3, 10, 1000]) {
    const step = stepAfter(heard('unknown'), request({ attempt, retryCount: 99 }), times)
    t.is(step.to, 'PENDING')
    const { afterMs } = step as { afterMs: number }
    t.true(afterMs >= 20_000 && afterMs <= 90_000, String(afterMs))
  }
})

test('the tenth failure gives up, unless one result was unknown', (t) => {
  const tenth = { retryCount: 9, attempt: 10 }
  t.like(stepAfter(heard('failed'), request({ ...tenth, retryCount: 8 }), times), { to: 'PENDING' })
  t.deepEqual(stepAfter(heard('failed'), request(tenth), times), { to: 'FAILED', isDead: true })
  for (const retryCount of [9, 10, 1000]) {
    const doubtful = request({ retryCount, isUnknown: true })
    t.like(stepAfter(heard('failed'), doubtful, times), { to: 'PENDING', counts: 'failed' })
  }
})

test('the gateway’s decisions are final, and what it was not asked counts neither way', (t) => {
  const doubtful = request({ isUnknown: true })
  t.deepEqual(stepAfter(heard('declined'), doubtful, times), { to: 'FAILED', isDead: false })
  t.deepEqual(stepAfter(heard('refused'), doubtful, times), { to: 'FAILED', isDead: true })
  const approved = { kind: 'approved', code: '0000', message: '', transactionId: 't' } as const
  t.deepEqual(stepAfter(approved, doubtful, times), { to: 'SUCCESS', transactionId: 't' })
  t.is(stepAfter(heard('unasked'), request({ retryCount: 99 }), times).to, 'UNTRIED')
})
