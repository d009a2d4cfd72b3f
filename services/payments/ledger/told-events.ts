import type { z } from 'zod'
import { statement, type Mariadb, type Queryable } from '../../kit/mariadb.ts'
import * as topics from '../topics.ts'
import { isYoung, type Finding, type Moment } from './comparison.ts'
import type { Kind } from './kinds.ts'

/** Topics whose events say something of a payment, by name. */
const schemas: ReadonlyMap<string, z.ZodType<Told>> = new Map(
  [
    ...[topics.authorized, topics.captureRequested, topics.voided, topics.refundRequested],
    ...[topics.captured, topics.captureFailed, topics.refunded, topics.refundFailed],
  ].map((one) => [one.name, one.schema]),
)

/** What every event says, and those of refunds. */
interface Told {
  readonly paymentId: string
  readonly refundId?: string | undefined
  readonly merchantId: string
  readonly amount: number
  readonly currency: string
  readonly status: string
}

const pageSize = 1000

const statements = {
  outbox: statement(
    'evidence_outbox',
    `select seq, id, topic, \`key\`, payload, created_at as at, published_at is null as isWaiting
     from outbox where seq > ? order by seq limit ?`,
  ),
  payments: statement(
    'evidence_told_payments',
    `select payment_id as id, merchant_id as merchantId, amount, currency, group_concat(history.status) as statuses
     from json_table(?, '$[*]' columns (id varchar(36) path '$')) told
     join payment on payment_id = told.id
     left join payment_history history using (payment_id)
     group by payment_id, merchant_id, amount, currency`,
  ),
  refunds: statement(
    'evidence_told_refunds',
    `select refund_id as id, merchant_id as merchantId, refund.amount, currency,
       concat_ws(',', 'REFUND_REQUESTED', refund.status,
         case when refund.status = 'REFUNDED' then 'REFUND_FAILED' end) as statuses
     from json_table(?, '$[*]' columns (id varchar(36) path '$')) told
     join refund on refund_id = told.id join payment using (payment_id)`,
  ),
}

interface Row {
  readonly seq: number
  readonly id: string
  readonly topic: string
  readonly key: string
  readonly payload: string
  readonly at: Date
  readonly isWaiting: boolean | number
}

/** A payment or a refund, with the states that it may have come to, comma separated: a refund keeps no history. */
interface Known extends Omit<Told, 'paymentId' | 'status'> {
  readonly id: string
  readonly statuses: string | null
}

/** Goes through an outbox as far as it is kept: an event must be of something that is there, has come that far, and left. */
export async function* eventFindings(
  outbox: Mariadb,
  payments: Mariadb,
  moment: Moment,
): AsyncGenerator<Finding> {
  for (let after = 0; ;) {
    const rows = await outbox.query<Row>(statements.outbox, [after, pageSize])
    const read = rows.map((row) => ({ row, told: toldBy(row) }))
    const known = await knownOf(
      payments,
      read.flatMap(({ told }) => told ?? []),
    )
    for (const { row, told } of read) {
      const found = kindsOf(row, { told, known, moment })
      if (found.length > 0) yield findingOf(row, { told, found, moment })
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageSize) return
    after = last.seq
  }
}

/** What an event says; undefined where it is none. */
function toldBy({ topic, payload }: Row): Told | undefined {
  try {
    return schemas.get(topic)?.safeParse(JSON.parse(payload)).data
  } catch {
    return undefined
  }
}

async function knownOf(db: Queryable, told: readonly Told[]): Promise<ReadonlyMap<string, Known>> {
  const ids = (of: readonly (string | undefined)[]) => JSON.stringify([...new Set(of)])
  const ofPayments = told.filter(({ refundId }) => refundId === undefined)
  const ofRefunds = told.flatMap(({ refundId }) => refundId ?? [])
  const [payments, refunds] = await Promise.all([
    db.query<Known>(statements.payments, [ids(ofPayments.map(({ paymentId }) => paymentId))]),
    db.query<Known>(statements.refunds, [ids(ofRefunds)]),
  ])
  return new Map([...payments, ...refunds].map((one) => [one.id, one]))
}

interface Read {
  readonly told: Told | undefined
  readonly moment: Moment
}

function kindsOf(
  { at, isWaiting }: Row,
  { told, known, moment }: Read & { readonly known: ReadonlyMap<string, Known> },
): readonly Kind[] {
  const stuck: readonly Kind[] = isWaiting && !isYoung(at, moment) ? ['event_stuck'] : []
  const one = told && known.get(told.refundId ?? told.paymentId)
  if (told === undefined || one === undefined) return ['event_unknown', ...stuck]
  const isSame =
    told.merchantId === one.merchantId &&
    told.amount === one.amount &&
    told.currency === one.currency
  const hasCome = one.statuses?.split(',').includes(told.status) === true
  return [
    ...(isSame ? [] : (['event_differs'] as const)),
    ...(hasCome ? [] : (['event_ahead'] as const)),
    ...stuck,
  ]
}

const findingOf = (
  { id, key, at }: Row,
  { told, found, moment }: Read & { readonly found: readonly Kind[] },
): Finding => ({
  state: isYoung(at, moment) ? 'in_flight' : 'difference',
  subject: 'event',
  id,
  kinds: found,
  paymentId: told?.paymentId ?? key,
  merchantId: told?.merchantId ?? null,
  currency: told?.currency ?? null,
  ...{ debit: null, credit: null, payments: null, gateway: null },
  since: at,
})
