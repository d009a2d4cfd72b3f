import { parsed, UnreadableRecord } from '../../kit/kafka.ts'
import { causeHeaderTexts, replayHeaders } from '../../kit/dead-letter.ts'
import type { Topic } from '../../model/topic.ts'
import { decoded } from './letter.ts'
import { openStates } from './states.ts'
import type { Letter } from './store.ts'

/** What would happen if a letter were sent back now. */
export interface Verdict {
  readonly wouldSend: boolean
  /** Whether its consumers can read it. */
  readonly valid: boolean
  /** Why it would not be sent. */
  readonly errors: readonly string[]
  /** What would become of it. */
  readonly notes: readonly string[]
}

/** @param at the topic it came from, the time in epoch milliseconds, and how often a record may be sent back */
export function verdictOf(
  letter: Letter,
  { origin, now, limit }: { origin: Topic | undefined; now: number; limit: number },
): Verdict {
  const errors = [
    ...(openStates.includes(letter.state) ? [] : [`It is ${letter.state}.`]),
    ...(origin ? [] : ['The topic that it came from is not known.']),
    ...(letter.replays < limit ? [] : [`It was sent back ${letter.replays} times already.`]),
  ]
  const problem = origin && unreadable(origin, valueOf(letter))
  const late = origin && !problem && isLate(origin, valueOf(letter), now)
  return {
    wouldSend: errors.length === 0,
    valid: origin !== undefined && problem === undefined,
    errors,
    notes: [
      ...(problem ? [`It would come back: ${problem.code}: ${problem.message}`] : []),
      ...(late ? [lateNote(origin)] : []),
    ],
  }
}

const lateNote = ({ late }: Topic): string =>
  `It is older than ${(late?.afterMs ?? 0) / 1000} s: its consumers count it as late, and it has no other effect.`

/** The bytes that are sent back. */
export const valueOf = ({ edited, value }: Letter): Buffer | null => edited ?? value

/** Why nobody can read a value of a topic; undefined: it can be read. */
export function unreadable(topic: Topic, value: Buffer | null): UnreadableRecord | undefined {
  try {
    parsed(topic, value)
    return undefined
  } catch (error) {
    return error instanceof UnreadableRecord
      ? error
      : new UnreadableRecord('NOT_VALID', (error as Error).message, error)
  }
}

/** Whether a value comes too late to have an effect, as its topic declares. */
export function isLate(topic: Topic, value: Buffer | null, now: number): boolean {
  if (!topic.late || unreadable(topic, value)) return false
  return now - topic.late.timeOf(parsed(topic, value)) > topic.late.afterMs
}

/** The record's own headers without those of its failure, and by what it is known should it come again. */
export function headersOf(letter: Letter): Record<string, Buffer[] | string> {
  const own = Object.entries(decoded(letter.headers)).filter(
    ([name]) => !Object.hasOwn(causeHeaderTexts, name),
  )
  return {
    ...Object.fromEntries(own),
    [replayHeaders.of]: letter.id,
    [replayHeaders.count]: String(letter.replays + 1),
  }
}
