import type { Actor } from '../../kit/auth.ts'
import { PublishError, type Publisher } from '../../kit/kafka.ts'
import { Problem, unavailable } from '../../kit/problem.ts'
import type { Topic } from '../../model/topic.ts'
import { mustBeReplayable, originOf, wrongState, type Parts } from './decisions.ts'
import type { State } from './states.ts'
import { headersOf, isLate, valueOf } from './replay.ts'
import { claim, settle } from './store.ts'
import type { Letter } from './store.ts'

/** What sending back needs. */
export interface SendingParts extends Parts {
  readonly publisher: Publisher
  clock(): number
}

/** Who sends a letter back holds it for so long; the broker is given less. */
const claimSeconds = 30
const sendWithinMs = 4000

/**
 * Sends an approved letter back to its topic: claim → publish → REPROCESSED. A process that dies in between leaves the
 * claim, which lapses, and `sending` in the audit trail: the letter is APPROVED then and may be sent again, with the same
 * event id.
 * @throws Problem 409 where it is not to be had; 422 where the broker refuses it (the letter is PENDING again); 503
 *   where Kafka is away, or OUTCOME_UNKNOWN (it is APPROVED, and may have been sent)
 */
export async function sendBack(parts: SendingParts, letter: Letter, actor: Actor): Promise<void> {
  mustBeReplayable(parts, letter)
  const origin = originOf(parts, letter)
  const { database, events } = parts
  const act = { action: 'sending', actor }
  const mine = await claim(database, letter.id, { seconds: claimSeconds, act })
  if (!mine) throw await wrongState(parts, letter)
  const late = isLate(origin, valueOf(mine), parts.clock())
  try {
    const { partition, offset } = await publish(parts, origin, mine)
    const detail = { partition, offset: String(offset), ...(late && { late }) }
    await settle(database, mine.id, {
      to: 'REPROCESSED',
      act: { action: 'reprocessed', actor, detail },
    })
    events.sent(mine, detail)
  } catch (error) {
    events.notSent(mine, error)
    throw await givenBack(parts, { letter: mine, actor, error })
  }
}

const publish = ({ publisher }: SendingParts, origin: Topic, letter: Letter) =>
  publisher.replay(origin, {
    key: letter.key,
    value: valueOf(letter),
    headers: headersOf(letter),
    signal: AbortSignal.timeout(sendWithinMs),
  })

/** A letter that was not sent goes back to where it was; one that will never be goes back to people. */
async function givenBack(
  { database }: SendingParts,
  { letter, actor, error }: { letter: Letter; actor: Actor; error: unknown },
): Promise<unknown> {
  // It was sent, and the database did not say that it noted it: the claim lapses by itself.
  if (!(error instanceof PublishError)) return error
  const { action, to, problem } = outcomeOf(error)
  const detail = { error: error.code }
  await settle(database, letter.id, { to, act: { action, actor, detail } })
  return problem
}

function outcomeOf(error: PublishError): { action: string; to: State; problem: Problem } {
  if (error.code === 'TIMEOUT')
    return { action: 'unknown', to: 'APPROVED', problem: unknown(error) }
  if (error.retriable) {
    const problem = unavailable('KAFKA_UNAVAILABLE', 'Kafka does not take it now.', 2, error)
    return { action: 'failed', to: 'APPROVED', problem }
  }
  const problem = new Problem(422, 'REPLAY_REFUSED', error.message, { cause: error })
  return { action: 'refused', to: 'PENDING', problem }
}

const unknown = (cause: PublishError): Problem =>
  unavailable(
    'OUTCOME_UNKNOWN',
    'Kafka did not confirm it in time: it may have been sent. Sent again it has the same event id.',
    2,
    cause,
  )
