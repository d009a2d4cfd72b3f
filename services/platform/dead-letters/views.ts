import { jsonOf, type Headers } from './letter.ts'
import type { Entry, Letter } from './store.ts'

const shown = { jsonBytes: 4096, valueBytes: 65_536, headers: 50, headerBytes: 4096 }

/** A letter in a list. */
export const briefView = (letter: Letter) => ({
  id: letter.id,
  eventId: letter.eventId,
  event: eventIn(letter),
  topic: letter.topic,
  partition: letter.partition,
  offset: String(letter.offset),
  originalTopic: letter.originalTopic,
  originalPartition: letter.originalPartition,
  originalOffset: String(letter.originalOffset),
  originalTimestamp: letter.appendedAt.getTime(),
  receivedAtMs: letter.receivedAt.getTime(),
  status: letter.state,
  key: letter.key?.subarray(0, 256).toString() ?? null,
  sizeBytes: letter.sizeBytes,
  cause: {
    class: letter.errorClass,
    message: letter.errorMessage,
    attempts: letter.attempts,
    firstFailedAt: letter.firstFailedAt.toISOString(),
  },
  traceId: letter.traceId,
  edited: letter.isEdited,
  replays: letter.replays,
  replayOf: letter.replayOf,
})

/** One letter with its bytes, as far as they can be looked at. */
export const wholeView = (letter: Letter) => ({
  ...briefView(letter),
  value: base64(letter.value),
  editedValue: base64(letter.edited),
  headers: firstOf(letter.headers),
})

/** The value where it is JSON; large or deeply nested ones are looked at as bytes. */
const eventIn = ({ value, sizeBytes }: Letter): unknown =>
  sizeBytes <= shown.jsonBytes ? (jsonOf(value) ?? null) : null

const base64 = (bytes: Buffer | null): string | null =>
  bytes?.subarray(0, shown.valueBytes).toString('base64') ?? null

/** Four characters of base64 are three bytes. */
const firstOf = (headers: Headers): Headers =>
  Object.fromEntries(
    Object.entries(headers)
      .slice(0, shown.headers)
      .map(([name, values]) => [
        name,
        values
          .slice(0, shown.headers)
          .map((value) => value?.slice(0, Math.ceil(shown.headerBytes / 3) * 4) ?? null),
      ]),
  )

export const entryView = ({ at, ...entry }: Entry) => ({ ...entry, at: at.toISOString() })
