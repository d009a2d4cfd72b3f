import { ago } from './output.ts'
import type { Cause, Letter, Verdict } from '../dead-letter-desk.ts'

/** Rows of a table of letters. */
export const letterLines = (letters: readonly Letter[]): readonly (readonly string[])[] => [
  ['ID', 'EVENT', 'TOPIC', 'STATE', 'CAUSE', 'AGE', 'REPLAYS'],
  ...letters.map(({ id, eventId, originalTopic, status, cause, receivedAtMs, replays }) => [
    id,
    eventId,
    originalTopic,
    status,
    cause.class,
    ago(Date.now() - receivedAtMs),
    String(replays),
  ]),
]

/** Rows of a table of causes, most first. */
export const causeLines = (causes: readonly Cause[]): readonly (readonly string[])[] => [
  ['COUNT', 'TOPIC', 'CAUSE', 'LAST', 'FOR EXAMPLE'],
  ...causes.map(({ count, topic, cause, newest, message }) => [
    String(count),
    topic,
    cause,
    ago(Date.now() - Date.parse(newest)),
    message.slice(0, 60),
  ]),
]

/** What would become of a letter, in a line. */
export const verdictLine = ({ eventId, wouldSend, topic, errors, notes }: Verdict): string =>
  [`${eventId}: ${wouldSend ? `would go to ${topic}` : 'would stay'}`, ...errors, ...notes].join(
    ' · ',
  )
