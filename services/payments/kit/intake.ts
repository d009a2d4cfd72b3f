import type { Context } from '../../kit/context.ts'
import { deadLetters, replayHeaders, type DeadLetters } from '../../kit/dead-letter.ts'
import { once, purgeInbox } from '../../kit/inbox.ts'
import type { Kafka, Received } from '../../kit/kafka.ts'
import type { Queryable } from '../../kit/mariadb.ts'
import { Problem } from '../../kit/problem.ts'
import type { Consumption } from '../../model/topic.ts'
import { Objection } from './objection.ts'
import { reopen } from './replays.ts'
import type { Asked, Trade } from './requests.ts'
import { addRequest, lockRequest } from './store.ts'
import type { Worker } from './worker.ts'

/** Records of one transaction: its commit is what a record costs most. */
const together = 100

/** Writes down what is asked for, and nothing else: others do it. @param wake told that something is due */
export async function takeRequests<Event extends Asked>(
  context: Context,
  worker: Worker<Trade<Event>>,
  wishes: { broker: Kafka; consumption: Consumption<Event>; wake(): void },
): Promise<void> {
  const { broker, consumption, wake } = wishes
  const letters = deadLetters(await broker.publisher(), context)
  purgeInbox(context, worker.database)
  await broker.consume(consumption, {
    batch: async ({ records }) => {
      for (let at = 0; at < records.length; at += together) {
        await takeSome(worker, letters, records.slice(at, at + together))
        wake()
      }
    },
  })
}

/**
 * All in one transaction; where one of them cannot be taken, each in its own, and those that cannot are dead letters.
 * While the database cannot be used, all wait.
 */
async function takeSome<Event extends Asked>(
  worker: Worker<Trade<Event>>,
  letters: DeadLetters,
  records: readonly Received<Event>[],
): Promise<void> {
  try {
    await takeAll(worker, records)
  } catch (cause) {
    const [record, ...others] = records
    if (!record || (cause instanceof Problem && cause.status === 503)) throw cause
    if (others.length === 0)
      return letters.send(record, { cause, attempts: 1, firstFailedAt: record.timestamp })
    for (const one of records) await takeSome(worker, letters, [one])
  }
}

type Taken = 'new' | 'reopened' | 'known'

async function takeAll<Event extends Asked>(
  worker: Worker<Trade<Event>>,
  records: readonly Received<Event>[],
): Promise<void> {
  const { database, events, trade } = worker
  const taken = await database.transaction(
    async (tx) => {
      const all: { id: string; as: Taken }[] = []
      for (const record of records)
        all.push({ id: trade.idOf(record.value), as: await take(tx, worker, record) })
      return all
    },
    // Each statement sees what is there now. There is no event in it for anybody who waits for commits.
    { isolation: 'read committed', quiet: true },
  )
  const ids = (wanted: Taken) => taken.filter(({ as }) => as === wanted).map(({ id }) => id)
  events.requested(ids('new').length)
  events.reopened(ids('reopened'), 'letter')
}

/** The event as a row, in the inbox and the table together. @throws Objection */
async function take<Event extends Asked>(
  tx: Queryable,
  { trade, statements }: Worker<Trade<Event>>,
  { value, raw, headers, partition, offset }: Received<Event>,
): Promise<Taken> {
  const id = trade.idOf(value)
  const traceparent = headers['traceparent'] ?? null
  const origin = { event: raw.toString(), headers, traceparent, partition, offset }
  const known = await addRequest(tx, statements, { ...value, id, ...origin })
  if (!isSame(known, value)) throw contradiction(id)
  const letter = headers[replayHeaders.of]
  const eventId = letter === undefined ? value.eventId : `letter ${letter}`
  if (!(await once(tx, trade.tables.name, eventId))) return 'known'
  if (known.isFirst) return 'new'
  const request = letter === undefined ? undefined : await lockRequest(tx, statements, id)
  if (!request) return 'known'
  const actor = { subject: 'dead letter', clientId: letter ?? '' }
  return (await reopen(tx, { trade, statements }, { request, actor })) ? 'reopened' : 'known'
}

const isSame = (known: Pick<Asked, 'paymentId' | 'amount' | 'currency'>, value: Asked): boolean =>
  known.paymentId === value.paymentId &&
  known.amount === value.amount &&
  known.currency === value.currency

const contradiction = (id: string): Objection =>
  new Objection(
    'CONTRADICTION',
    `${id} was asked for before, with another payment, amount or currency.`,
  )
