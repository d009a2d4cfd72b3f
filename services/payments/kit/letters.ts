import type { Context } from '../../kit/context.ts'
import { deadLetters, type DeadLetters } from '../../kit/dead-letter.ts'
import type { Kafka } from '../../kit/kafka.ts'
import { repeat } from '../../kit/repeat.ts'
import { holdLetter, lettersDue, letterSent, type DueLetter } from './store.ts'
import type { Worker } from './worker.ts'

const everyMs = 1000
const atOnce = 50
/** Longer than a message may take to be acknowledged. */
const heldMs = 30_000

/**
 * Sends requests that were given up to the dead letters of the topic that asked for them, as the records that they came
 * in. That one is due is written with the end of its request, so none is lost; after a crash it may be there twice.
 */
export async function sendLetters(context: Context, worker: Worker, broker: Kafka): Promise<void> {
  const letters = deadLetters(await broker.publisher(), context)
  repeat(context, { name: 'dead letters', everyMs }, () => sendAll(worker, letters))
}

async function sendAll(worker: Worker, letters: DeadLetters): Promise<void> {
  const { database, statements } = worker
  const due = await lettersDue(database, statements, atOnce)
  for (const letter of due) {
    if (!(await holdLetter(database, statements, letter, heldMs))) continue
    await sendOne(worker, letters, letter)
    await letterSent(database, statements, letter)
  }
  if (due.length === atOnce) await sendAll(worker, letters)
}

const sendOne = (
  { trade }: Worker,
  letters: DeadLetters,
  { partition, offset, paymentId, event, headers, ...rest }: DueLetter,
): Promise<void> => {
  const original = {
    key: Buffer.from(paymentId),
    value: Buffer.from(event),
    headers: JSON.parse(headers) as Record<string, string>,
  }
  return letters.send(
    { topic: trade.asked, partition, offset: BigInt(offset), original },
    {
      cause: new GivenUp(rest),
      attempts: Math.max(1, rest.retryCount),
      firstFailedAt: rest.requestedAt.getTime(),
    },
  )
}

/** Why a request became a dead letter; `code` is the gateway’s. */
class GivenUp extends Error {
  readonly code: string
  constructor({ code, message }: { code: string; message: string }) {
    super(`The gateway did not do it: ${message}`)
    this.name = 'GivenUp'
    this.code = code
  }
}
