import type { Actor } from '../../kit/auth.ts'
import { createHash } from 'node:crypto'
import type { Postgres } from '../../kit/postgres.ts'
import { Problem } from '../../kit/problem.ts'
import type { Events } from './events.ts'
import { openStates, type State } from './states.ts'
import type { Origins } from './origins.ts'
import { unreadable } from './replay.ts'
import { decide, editLetter, lettersNamed, wholeLetter } from './store.ts'
import type { Letter, Place } from './store.ts'

/** What decisions need. */
export interface Parts {
  readonly database: Postgres
  readonly events: Events
  readonly origins: Origins
  /** How often one record may be sent back. */
  readonly replayLimit: number
}

/** The letter that is meant. @throws Problem 404; 409 with the candidates where an event id names several */
export async function theLetter(database: Postgres, name: string, place: Place): Promise<Letter> {
  const found = await lettersNamed(database, name, place)
  const [letter] = found
  if (!letter) throw new Problem(404, 'NO_SUCH_LETTER', `There is no dead letter ${name}.`)
  if (found.length > 1) throw ambiguous(name, found)
  return letter
}

const ambiguous = (name: string, found: readonly Letter[]): Problem =>
  new Problem(409, 'AMBIGUOUS_EVENT', `Several dead letters have the event id ${name}: name one.`, {
    members: {
      candidates: found.map(({ id, topic, partition, offset, state, replays }) => ({
        ...{ id, topic, partition, offset: String(offset) },
        ...{ status: state, replays },
      })),
    },
  })

/** PENDING → APPROVED. @throws Problem 409 where it is in another state, or may not be sent back again */
export async function approve(parts: Parts, letter: Letter, actor: Actor): Promise<void> {
  mustBeReplayable(parts, letter)
  await move(parts, letter, { action: 'approved', actor, from: ['PENDING'], to: 'APPROVED' })
}

/** An open letter → REJECTED. @throws Problem 409 where it is closed, or being sent back */
export const reject = (parts: Parts, letter: Letter, actor: Actor): Promise<void> =>
  move(parts, letter, { action: 'rejected', actor, from: openStates, to: 'REJECTED' })

async function move(
  { database, events }: Parts,
  letter: Letter,
  change: { action: string; actor: Actor; from: readonly State[]; to: State },
): Promise<void> {
  const { action, actor, from, to } = change
  const act = { action, actor }
  if (!(await decide(database, letter.id, { from, to, act })))
    throw await wrongState({ database }, letter)
  events.decided(letter, act)
}

/**
 * Sets the value that is sent back; the original one is kept.
 * @throws Problem 400 where its topic's consumers could not read it; 409 where the letter is closed or being sent back
 */
export async function edit(
  parts: Parts,
  letter: Letter,
  { value, actor }: { value: unknown; actor: Actor },
): Promise<void> {
  const origin = originOf(parts, letter)
  const bytes = bytesOf(value)
  const problem = unreadable(origin, bytes)
  if (problem)
    throw new Problem(400, 'VALIDATION_ERROR', `It is no value of ${origin.name}; see errors.`, {
      errors: [{ field: 'body.value', message: problem.message }],
    })
  const { database, events } = parts
  const act = { action: 'edited', actor, detail: fingerprint(bytes) }
  if (!(await editLetter(database, letter.id, { from: openStates, value: bytes, act })))
    throw await wrongState({ database }, letter)
  events.decided(letter, act)
}

function bytesOf(value: unknown): Buffer {
  try {
    return Buffer.from(JSON.stringify(value ?? null))
  } catch {
    throw new Problem(400, 'VALIDATION_ERROR', 'The value is nested too deeply.', {
      errors: [{ field: 'body.value', message: 'is nested too deeply' }],
    })
  }
}

const fingerprint = (bytes: Buffer) => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

/** The topic that a letter can be sent back to. @throws Problem 409 */
export function originOf({ origins }: Pick<Parts, 'origins'>, { originalTopic }: Letter) {
  const origin = origins.topics.find(({ name }) => name === originalTopic)
  if (origin) return origin
  throw new Problem(409, 'NO_ORIGIN', 'The topic that it came from is not known.')
}

/** @throws Problem 409 where it has no topic to go to, or came back too often */
export function mustBeReplayable(parts: Parts, letter: Letter): void {
  originOf(parts, letter)
  if (letter.replays < parts.replayLimit) return
  const detail = `It was sent back ${letter.replays} times and came again; ${parts.replayLimit} is the limit.`
  throw new Problem(409, 'REPLAY_LIMIT', detail)
}

/** Why a compare-and-set did not find what it wanted. */
export async function wrongState(
  { database }: Pick<Parts, 'database'>,
  { id }: Letter,
): Promise<Problem> {
  const now = await wholeLetter(database, id)
  if (!now) return new Problem(404, 'NO_SUCH_LETTER', `The dead letter ${id} was removed.`)
  const { state: status } = now
  if (!openStates.includes(status))
    return new Problem(409, 'WRONG_STATE', `It is ${status}.`, { members: { state: status } })
  return new Problem(409, 'WRONG_STATE', `It is ${status}, or being sent back at this moment.`, {
    members: { state: status },
  })
}
