import * as topics from '../../../services/payments/topics.ts'
import type { Evidence, Told } from './evidence.ts'
import type { Sale, Want } from './sale.ts'

/** What must not be, given what a merchant knows and what the stores hold: one sentence each. */
export function wrongs(sales: readonly Sale[], evidence: Evidence): readonly string[] {
  const known = new Set(sales.map(({ key }) => key))
  const phantoms = evidence.payments.filter(({ key }) => !known.has(key))
  return [
    ...phantoms.map(({ paymentId }) => `payment ${paymentId} is there and nobody wanted it`),
    ...sales.flatMap((sale) => wrongsOf(sale, evidence).map((what) => `${sale.key} ${what}`)),
    ...toldTwice(evidence.events),
  ]
}

function wrongsOf(sale: Sale, evidence: Evidence): readonly string[] {
  const [final] = sale.finals
  if (sale.failure !== undefined || final === undefined)
    return [`did not come to its end: ${sale.failure ?? 'no final answer'}`]
  const payment = evidence.payments.find(({ paymentId }) => paymentId === sale.paymentId)
  if (payment === undefined) return [`was answered ${final.status} and is not in its store`]
  const isPaid = final.status === 200
  const stored = evidence.answers.get(sale.key)
  const wanted = isPaid ? states[sale.want] : 'AUTH_FAILED'
  return [
    ...when(new Set(sale.finals.map(({ status, text }) => `${status} ${text}`)).size > 1, () => [
      `was answered in several ways: ${sale.finals.map(({ text }) => text).join(' / ')}`,
    ]),
    ...when(stored?.status !== final.status || stored.text !== final.text, () => [
      `was answered ${final.text}, and ${stored?.text ?? 'nothing'} is kept`,
    ]),
    ...when(
      payment.key !== sale.key ||
        payment.amount !== sale.amount ||
        payment.currency !== sale.currency,
      () => [`is stored as ${payment.key} of ${payment.amount} ${payment.currency}`],
    ),
    ...when(payment.status !== wanted, () => [`is ${payment.status} and should be ${wanted}`]),
    ...charges(sale, isPaid, evidence),
    ...(isPaid ? sums(sale, payment, evidence) : []),
    ...(isPaid ? untold(sale, evidence) : []),
  ]
}

const states: Readonly<Record<Want, string>> = {
  kept: 'CAPTURED',
  captured: 'CAPTURED',
  voided: 'VOIDED',
  refunded: 'REFUNDED',
  'partly refunded': 'PARTIAL_REFUNDED',
}

const when = (isWrong: boolean, what: () => readonly string[]): readonly string[] =>
  isWrong ? what() : []

/** One hold for what is paid, and none for what failed or was let go: the gateway’s log decides. */
function charges(
  { paymentId, want }: Sale,
  isPaid: boolean,
  { calls }: Evidence,
): readonly string[] {
  // Under whatever key: another one would be another charge.
  const times = (type: string, outcome: string): number =>
    calls.filter(
      (call) => call.paymentId === paymentId && call.type === type && call.outcome === outcome,
    ).length
  const [held, letGo] = [times('authorize', 'approved'), times('void', 'voided')]
  const wanted = isPaid && want !== 'voided' ? 1 : 0
  return when(held > 1 || held - letGo !== wanted, () => [
    `is held ${held} times and let go ${letGo} times at the gateway, which should leave ${wanted}`,
  ])
}

/** Payment, gateway and books have the same captured and refunded, and the refunds are those that were acknowledged. */
function sums(
  sale: Sale,
  payment: Evidence['payments'][number],
  { calls, entries, refunds }: Evidence,
): readonly string[] {
  const own = new Set([sale.paymentId, ...sale.refunds.map(({ refundId }) => refundId)])
  const taken = (type: string): number =>
    total(
      calls.filter(
        ({ paymentId, type: one, outcome }) =>
          paymentId === sale.paymentId && one === type && outcome === 'approved',
      ),
    )
  const posted = (type: string, side: string): number =>
    total(
      entries.filter(
        ({ businessId, ...entry }) =>
          own.has(businessId) && entry.type === type && entry.side === side,
      ),
    )
  const wanted = {
    capture: sale.want === 'voided' ? 0 : sale.amount,
    refund: total(sale.refunds),
  }
  const said = { capture: payment.captured, refund: payment.refunded }
  const rows = refunds.filter(({ paymentId }) => paymentId === sale.paymentId)
  return [
    ...(['capture', 'refund'] as const).flatMap((type) => {
      const sides = [said[type], taken(type), posted(type, 'debit'), posted(type, 'credit')]
      return when(
        sides.some((sum) => sum !== wanted[type]),
        () => [
          `should have ${wanted[type]} as its ${type}: payment, gateway, debit and credit have ${sides.join(', ')}`,
        ],
      )
    }),
    ...when(rows.length !== sale.refunds.length, () => [
      `has ${rows.length} refunds, and ${sale.refunds.length} were acknowledged`,
    ]),
  ]
}

const total = (all: readonly { readonly amount: number }[]): number =>
  all.reduce((sum, { amount }) => sum + amount, 0)

/** Every state that Kafka must tell, at the version that the history gives it. */
function untold(sale: Sale, { events, history }: Evidence): readonly string[] {
  const own = events.filter(({ paymentId }) => paymentId === sale.paymentId)
  const version = (status: string): number | undefined =>
    history.find((one) => one.paymentId === sale.paymentId && one.status === status)?.version
  const wanted: readonly (readonly [topic: string, status: string])[] = [
    [topics.authorized.name, 'AUTHORIZED'],
    ...(sale.want === 'voided'
      ? ([[topics.voided.name, 'VOIDED']] as const)
      : ([
          [topics.captureRequested.name, 'CAPTURE_REQUESTED'],
          [topics.captured.name, 'CAPTURE_REQUESTED'],
        ] as const)),
  ]
  const refunds = [topics.refundRequested.name, topics.refunded.name].flatMap((topic) =>
    sale.refunds
      .filter(
        ({ refundId }) => !own.some((one) => one.topic === topic && one.refundId === refundId),
      )
      .map(({ refundId }) => `has no event in ${topic} of its refund ${refundId}`),
  )
  const states = wanted.flatMap(([topic, status]) =>
    when(!own.some((one) => one.topic === topic && one.version === version(status)), () => [
      `has no event in ${topic} of version ${version(status) ?? 'none'}`,
    ]),
  )
  return [...states, ...refunds]
}

/** One fact is one event, however often it lies in a topic. */
function toldTwice(events: readonly Told[]): readonly string[] {
  const ids = Map.groupBy(
    events,
    ({ topic, paymentId, refundId }) => `${topic} of ${refundId ?? paymentId}`,
  )
  return [...ids].flatMap(([fact, told]) => {
    const count = new Set(told.map(({ eventId }) => eventId)).size
    return when(count > 1, () => [`${fact} has ${count} different events`])
  })
}
