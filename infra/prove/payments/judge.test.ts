import test from 'ava'
import * as topics from '../../../services/payments/topics.ts'
import type { Evidence } from './evidence.ts'
import { wrongs } from './judge.ts'
import type { Sale } from './sale.ts'

const answer = { status: 200, text: '{"paymentId":"p"}' }

/** A sale that was paid, captured and given back in a part. */
const sale: Sale = {
  ...{ merchantId: 'M', key: 'k', amount: 100, currency: 'KRW', want: 'partly refunded' },
  finals: [answer, answer],
  paymentId: 'p',
  refunds: [{ refundId: 'r', amount: 30 }],
}

const entry = (type: string, businessId: string, amount: number) =>
  ['debit', 'credit'].map((side) => ({ type, businessId, side, account: 'cash', amount }))

const event = (
  topic: { readonly name: string },
  eventId: string,
  version: number,
  refund = {},
) => ({
  ...{ topic: topic.name, eventId, paymentId: 'p', version },
  ...refund,
})

const refund = { refundId: 'r' }
const call = (key: string, type: string, outcome: string, amount: number) => ({
  ...{ key, type, outcome, amount },
  paymentId: 'p',
})

/** What the stores hold of it when all is well. */
const whole: Evidence = {
  payments: [
    {
      ...{ paymentId: 'p', key: 'k', amount: 100, currency: 'KRW', status: 'PARTIAL_REFUNDED' },
      ...{ captured: 100, refunded: 30 },
    },
  ],
  history: [
    { paymentId: 'p', version: 2, status: 'AUTHORIZED' },
    { paymentId: 'p', version: 3, status: 'CAPTURE_REQUESTED' },
    { paymentId: 'p', version: 4, status: 'CAPTURED' },
  ],
  refunds: [{ ...refund, paymentId: 'p', amount: 30, status: 'REFUNDED' }],
  answers: new Map([['k', answer]]),
  calls: [
    call('p:auth', 'authorize', 'approved', 100),
    call('p:auth', 'authorize', 'replayed', 100),
    call('p:capture', 'capture', 'approved', 100),
    call('r', 'refund', 'approved', 30),
  ],
  entries: [...entry('capture', 'p', 100), ...entry('refund', 'r', 30)],
  events: [
    event(topics.authorized, 'a', 2),
    event(topics.captureRequested, 'b', 3),
    event(topics.captureRequested, 'b', 3),
    event(topics.captured, 'c', 3),
    event(topics.refundRequested, 'd', 5, refund),
    event(topics.refunded, 'e', 5, refund),
  ],
}

test('a sale that went its whole way, some of it told twice, is right', (t) => {
  t.deepEqual(wrongs([sale], whole), [])
})

const cases: readonly [what: string, change: Partial<Evidence>, says: RegExp][] = [
  ['a payment that is lost', { payments: [] }, /answered 200 and is not in its store/],
  [
    'a payment that nobody wanted',
    { payments: [...whole.payments, { ...whole.payments[0]!, paymentId: 'q', key: 'other' }] },
    /q is there and nobody wanted it/,
  ],
  ['another answer that is kept', { answers: new Map() }, /nothing is kept/],
  [
    'a charge that was made twice',
    { calls: [...whole.calls, whole.calls[0]!] },
    /is held 2 times and let go 0 times/,
  ],
  [
    'a charge under another key',
    { calls: [...whole.calls, call('p:auth:2', 'authorize', 'approved', 100)] },
    /is held 2 times and let go 0 times/,
  ],
  [
    'a charge that was let go',
    { calls: [...whole.calls, call('p:auth', 'void', 'voided', 0)] },
    /should leave 1/,
  ],
  ['a refund that the gateway never gave', { calls: whole.calls.slice(0, 3) }, /30 as its refund/],
  ['half a posting', { entries: whole.entries.slice(1) }, /100 as its capture/],
  [
    'a refund that nobody asked for',
    { refunds: [...whole.refunds, ...whole.refunds] },
    /2 refunds/,
  ],
  ['a state that is not the last', { history: [] }, /no event in payment.authorized.v1/],
  ['an event that is lost', { events: whole.events.slice(1) }, /no event in payment.authorized/],
  [
    'a fact that is two events',
    { events: [...whole.events, event(topics.captured, 'f', 3)] },
    /payment.captured.v1 of p has 2 different events/,
  ],
]

for (const [what, change, says] of cases)
  test(`${what} is named`, (t) => {
    t.regex(wrongs([sale], { ...whole, ...change }).join('\n'), says)
  })

test('other bytes for the same key, and a sale without an end, are named', (t) => {
  const other = { ...answer, text: '{"paymentId": "p"}' }
  t.regex(wrongs([{ ...sale, finals: [answer, other] }], whole).join('\n'), /in several ways/)
  t.regex(wrongs([{ ...sale, finals: [] }], whole).join('\n'), /did not come to its end/)
})

test('what was refused for good holds nothing', (t) => {
  const refused = { ...sale, finals: [{ status: 402, text: 'no' }], refunds: [] }
  const payment = { ...whole.payments[0]!, status: 'AUTH_FAILED', captured: 0, refunded: 0 }
  const answers = new Map([['k', { status: 402, text: 'no' }]])
  const evidence = { ...whole, payments: [payment], answers }
  t.regex(wrongs([refused], evidence).join('\n'), /should leave 0/)
  const letGo = [...whole.calls, call('p:auth', 'void', 'voided', 0)]
  t.deepEqual(wrongs([refused], { ...evidence, calls: letGo }), [])
})
