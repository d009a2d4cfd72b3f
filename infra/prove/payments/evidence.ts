import { textsOf } from '../../../services/kit/testing/records.ts'
import type { Store } from '../../../services/model/store.ts'
import * as stores from '../../../services/payments/stores.ts'
import * as topics from '../../../services/payments/topics.ts'
import { lastReason } from '../../local/poll.ts'
import type { Platform } from '../../verify/check.ts'
import { inStore } from '../../verify/invariants.ts'

/** What the stores, the gateway’s log and Kafka hold of one merchant. Amounts are minor units. */
export interface Evidence {
  readonly payments: readonly PaymentRow[]
  readonly history: readonly { paymentId: string; version: number; status: string }[]
  readonly refunds: readonly {
    refundId: string
    paymentId: string
    amount: number
    status: string
  }[]
  /** Stored answers by key. */
  readonly answers: ReadonlyMap<string, { readonly status: number; readonly text: string }>
  /** Calls at the gateway that came to something. */
  readonly calls: readonly {
    key: string
    paymentId: string
    type: string
    outcome: string
    amount: number
  }[]
  readonly entries: readonly {
    type: string
    businessId: string
    side: string
    account: string
    amount: number
  }[]
  readonly events: readonly Told[]
}

interface PaymentRow {
  readonly paymentId: string
  readonly key: string
  readonly amount: number
  readonly currency: string
  readonly status: string
  readonly captured: number
  readonly refunded: number
}

/** An event in Kafka. */
export interface Told {
  readonly topic: string
  readonly eventId: string
  readonly paymentId: string
  readonly refundId?: string
  readonly version: number
}

const readWithinMs = 60_000
const settlesWithinMs = 60_000

/** @param since of the broker’s clock, epoch ms */
export async function gathered(
  platform: Platform,
  { merchantId, since }: { readonly merchantId: string; readonly since: number },
): Promise<Evidence> {
  const rows = rowsFor(platform, merchantId)
  const [payments, history, refunds, answers, entries, events] = await Promise.all([
    rows<PaymentRow>(stores.payments, asks.payments),
    rows<Evidence['history'][number]>(stores.payments, asks.history),
    rows<Evidence['refunds'][number]>(stores.payments, asks.refunds),
    rows<{ key: string; status: number; text: string }>(stores.payments, asks.answers),
    rows<Evidence['entries'][number]>(stores.books, asks.entries),
    eventsOf(platform, { merchantId, since }),
  ])
  // What builds on an authorisation names no merchant, and a tombstone nobody.
  const own = new Set(payments.map(({ paymentId }) => paymentId))
  const seconds = Math.ceil((Date.now() - since) / 1000) + 1
  const logged = rowsFor(platform, seconds)<Evidence['calls'][number]>
  const calls = (await logged(stores.gatewayBooks, asks.calls)).filter(({ paymentId }) =>
    own.has(paymentId),
  )
  const byKey = answers.map(({ key, status, text }) => [key, { status, text }] as const)
  return { payments, history, refunds, answers: new Map(byKey), calls, entries, events }
}

const asks = {
  payments: `select payment_id as paymentId, idempotency_key as \`key\`, amount, currency, status, captured, refunded
    from payment where merchant_id = ?`,
  history: `select payment_id as paymentId, history.version, history.status
    from payment_history history join payment using (payment_id) where merchant_id = ?`,
  refunds: `select refund_id as refundId, payment_id as paymentId, refund.amount, refund.status
    from refund join payment using (payment_id) where merchant_id = ?`,
  answers: `select idempotency_key as \`key\`, http_status as status, response_body as text
    from idem_response_cache where merchant_id = ?`,
  entries: `select entry_type as type, business_id as businessId, side, account, amount
    from ledger_entry where merchant_id = ?`,
  calls: `select log.op_key as \`key\`, log.type, outcome, coalesce(log.amount, 0) as amount,
      substring_index(coalesce(base_key, log.op_key), ':', 1) as paymentId
    from call_log log left join operation on operation.op_key = log.op_key
    where log.at >= utc_timestamp() - interval ? second`,
}

const rowsFor =
  (platform: Platform, value: string | number) =>
  <Row>(store: Store, text: string): Promise<Row[]> =>
    inStore(platform, store, async (connection) => {
      const rows = await connection.query<Record<string, unknown>[]>(text, [value])
      return rows.map((row) => numbered(row) as Row)
    })

/** Whole numbers of the connector that are larger than some come as BigInt; ours are far from the border. */
const numbered = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? Number(value) : value,
    ]),
  )

const told = [
  ...[topics.authorized, topics.captureRequested, topics.captured, topics.voided],
  ...[topics.refundRequested, topics.refunded],
]

async function eventsOf(
  { kafka }: Platform,
  { merchantId, since }: { readonly merchantId: string; readonly since: number },
): Promise<readonly Told[]> {
  const shelf = { bootstrap: kafka, prefix: '' }
  const all = await Promise.all(
    told.map(async ({ name }) => {
      const records = await textsOf(shelf, { name }, readWithinMs, since)
      return records
        .filter(({ value }) => value.includes(`"${merchantId}"`))
        .map(({ value }) => ({ topic: name, ...(JSON.parse(value) as Omit<Told, 'topic'>) }))
    }),
  )
  return all.flat()
}

/** Waits until nothing of a merchant is on its way. @returns what still is, one sentence each */
export async function settled(platform: Platform, merchantId: string): Promise<readonly string[]> {
  const why = async (): Promise<string | undefined> => (await unfinished(platform, merchantId))[0]
  const late = await lastReason(why, { withinMs: settlesWithinMs, everyMs: 500 })
  return late === undefined ? [] : [`after ${settlesWithinMs / 1000} s ${late}`]
}

const unfinishedIn = [
  {
    store: stores.payments,
    asks: `select concat('payment ', payment_id, ' is ', status, coalesce(concat(', waiting for ', pending_call), '')) as what
      from payment where merchant_id = ? and (status in ('READY', 'CAPTURE_REQUESTED', 'CAPTURE_FAILED')
        or pending_call is not null) limit 1`,
  },
  {
    store: stores.payments,
    asks: `select concat('refund ', refund_id, ' is ', refund.status) as what from refund join payment using (payment_id)
      where merchant_id = ? and refund.status <> 'REFUNDED' limit 1`,
  },
  ...[stores.payments, stores.settlements, stores.refunds].map((store) => ({
    store,
    asks: `select concat('an event of ', topic, ' is in the outbox of ${store.name}') as what
      from outbox where published_at is null and payload like concat('%', ?, '%') limit 1`,
  })),
] as const

async function unfinished(platform: Platform, merchantId: string): Promise<readonly string[]> {
  const rows = rowsFor(platform, merchantId)
  for (const { store, asks: text } of unfinishedIn) {
    const found = await rows<{ what: string }>(store, text)
    if (found.length > 0) return found.map(({ what }) => what)
  }
  return unposted(rows)
}

/** The books follow by events. */
async function unposted(rows: ReturnType<typeof rowsFor>): Promise<readonly string[]> {
  const [payments, entries] = await Promise.all([
    rows<PaymentRow>(stores.payments, asks.payments),
    rows<Evidence['entries'][number]>(stores.books, asks.entries),
  ])
  const refunds = await rows<Evidence['refunds'][number]>(stores.payments, asks.refunds)
  const facts = payments.filter(({ captured }) => captured > 0).length + refunds.length
  return entries.length >= 2 * facts
    ? []
    : [`the books have ${entries.length} postings of ${facts} captures and refunds`]
}
