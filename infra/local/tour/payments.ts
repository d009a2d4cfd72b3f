import { z } from 'zod'
import { shop } from '../../../services/payments/clients.ts'
import { operator } from '../../../services/platform/clients.ts'
import type { Gateway } from '../front-door.ts'
import { accounts, difference, posted, type Balance, type Entry } from './books.ts'
import { follow } from './follow.ts'
import type { Stage } from './stage.ts'
import { stories } from './stories.ts'
import { tillOf, type Payment, type Till } from './till.ts'
import { tour, welcomed, type Platform } from './tour.ts'

const price = 59_000
const part = 9_000
/** The payment whose trace is shown. */
const small = 4_500
/** Its capture may be done again half a minute later. */
const storyWithinMs = 60_000

/** A sale from the authorisation to the books, one payment as a trace, and what guards the gateway. */
export const payments = tour({
  name: 'payments',
  says: 'payments authorised, captured and refunded; their books, one trace, breakers',
  run: async ({ gatewayAs, traces }, stage) => {
    stage.heading('One sale')
    const gateway = await welcomed(shop.id, gatewayAs, stage)
    const till = tillOf(gateway)
    const sale = await sell(till, stage)
    stage.show(historyLines(sale))
    stage.heading('Its books')
    const books = await look(gateway, sale, stage)
    const payment = await followPayment(till, traces, stage)
    stage.heading('Circuit breakers')
    const breakers = await guards(gatewayAs, stage)
    return { sale, books, breakers, traces: { payment } }
  },
  next: ({ sale, traces }) => [
    `./maru trace --payment ${sale.paymentId}`,
    `./maru logs --trace ${traces.payment.traceId}`,
    './maru board payment-overview',
    './maru verify "posted once"',
  ],
})

async function sell(till: Till, stage: Stage): Promise<Payment> {
  const { paymentId } = await stage.step(`${won(price)} are held, to be taken later`, async () => {
    const { payment } = await till.authorize({ amount: price, capture: 'manual' })
    return { value: payment, say: payment.paymentId }
  })
  stage.note('the mock gateway takes 1 to 3 s, and fails one in 20: it is asked again in 30 s')
  await stage.step('The shop asks for the capture, and settlement takes them', async () => {
    await till.capture(paymentId)
    const value = await till.captured(paymentId)
    return { value, say: `${value.status}, ${won(value.captured)}` }
  })
  return stage.step(`${won(part)} of them are given back`, async () => {
    const refundId = await till.refund(paymentId, 'a part of the order was returned', part)
    const value = await till.refunded(paymentId, refundId)
    if (value.refunded !== part) throw new Error(`${won(value.refunded)} were`)
    return { value, say: `${value.status}, ${won(value.captured - value.refunded)} are left` }
  })
}

const historyLines = ({ history }: Payment): readonly string[] =>
  history.map(
    ({ version, status, reason, at }) =>
      `  ${String(version).padStart(2)}  ${at.slice(11, 23)}  ${status.padEnd(17)} ${reason ?? ''}`,
  )

async function look(gateway: Gateway, { paymentId, captured, refunded }: Payment, stage: Stage) {
  const entries = await stage.step('Each fact has a debit and a credit', async () => {
    const value = await posted(gateway, paymentId, 4)
    const owed = difference(value.filter(({ account }) => account === 'merchant_receivable'))
    if (value.length !== 4 || difference(value) !== 0 || owed !== captured - refunded)
      throw new Error(`${value.length} postings differ by ${difference(value)}, and owe ${owed}`)
    return { value, say: `${value.length} postings, ${won(owed)} for the shop` }
  })
  stage.show(entries.map(entryLine))
  const balances = await stage.step(`All accounts of ${shop.merchant} balance`, async () => {
    const value = await accounts(gateway)
    const off = value.reduce((sum, { balance }) => sum + balance, 0)
    if (value.length === 0 || off !== 0) throw new Error(`they are off by ${off}`)
    return { value }
  })
  stage.show(balances.map(balanceLine))
  return { entries, balances }
}

const entryLine = ({ entryId, type, side, account, amount }: Entry): string =>
  `  ${String(entryId).padStart(6)}  ${type.padEnd(8)} ${account.padEnd(20)} ${side.padEnd(6)} ${won(amount).padStart(11)}`

const balanceLine = ({ account, currency, debits, credits, balance }: Balance): string =>
  `  ${account.padEnd(20)} ${currency}  debits ${digits(debits)}, credits ${digits(credits)}, balance ${digits(balance)}`

/** A payment that is captured by itself; its trace ends in the books. */
async function followPayment(till: Till, traces: Platform['traces'], stage: Stage) {
  let paymentId = ''
  const seen = { traces, stage, withinMs: storyWithinMs }
  const trace = await follow(stories.payment, seen, async () => {
    const { payment, traceId } = await till.authorize({ amount: small, capture: 'automatic' })
    paymentId = payment.paymentId
    return traceId
  })
  await stage.step('The payment is captured', async () => ({
    value: await till.captured(paymentId),
  }))
  return { paymentId, ...trace }
}

const breaker = z.object({
  state: z.string(),
  numberOfBufferedCalls: z.int(),
  failureRate: z.string(),
  slowCallRate: z.string(),
})
const guarded = ['pg-auth-api', 'pg-capture-api', 'pg-refund-api', 'kafka-publisher']

async function guards(gatewayAs: Platform['gatewayAs'], stage: Stage) {
  const desk = await welcomed(operator.id, gatewayAs, stage)
  const breakers = await stage.step('What the replicas that are asked count', async () => {
    const schema = z.record(z.string(), breaker.nullable())
    const { body } = await desk.send('GET /api/circuit-breaker/status', { schema })
    const value = Object.fromEntries(
      Object.entries(body).flatMap(([name, one]) => (one === null ? [] : [[name, one] as const])),
    )
    const missing = guarded.filter((name) => value[name] === undefined)
    if (missing.length > 0) throw new Error(`${missing.join(' and ')} is not among them`)
    return { value }
  })
  stage.show(
    Object.entries(breakers).map(([name, { state, ...counted }]) => {
      const { numberOfBufferedCalls: calls, failureRate, slowCallRate } = counted
      return `  ${name.padEnd(18)} ${state.padEnd(10)} ${calls} calls, ${failureRate} failed, ${slowCallRate} slow`
    }),
  )
  return breakers
}

const digits = (minor: number): string => minor.toLocaleString('en')
/** The won has no minor units. */
const won = (minor: number): string => `₩${digits(minor)}`
