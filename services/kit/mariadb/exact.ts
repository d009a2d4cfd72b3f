import type { FieldInfo } from 'mariadb'

/**
 * Values as they are sent. Whole numbers are sent as such at any size, times in UTC.
 * @throws RangeError for a whole number beyond ±(2^53 − 1), which is another one already: pass a bigint
 */
export const toSend = (values: readonly unknown[]): unknown[] => values.map(sent)

function sent(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString().replace('T', ' ').slice(0, -1)
  if (typeof value !== 'number' || !Number.isInteger(value)) return value
  if (Number.isSafeInteger(value)) return BigInt(value)
  throw new RangeError(`The number ${value} is not exact; pass it as a bigint.`)
}

/**
 * Brings rows to what services work with, in place: 64-bit integers are numbers, times a Date. Decimals stay strings,
 * so that money is never rounded silently.
 * @throws RangeError for an integer beyond ±(2^53 − 1), where a number would silently be another one
 */
export function exact(
  rows: Record<string, unknown>[],
  fields: readonly FieldInfo[],
): readonly object[] {
  const readers = fields.flatMap((field) => {
    const read = readerOf[field.type]
    return read === undefined ? [] : [{ name: field.name(), read }]
  })
  for (const row of rows)
    for (const { name, read } of readers) {
      const value = row[name]
      if (value !== null) row[name] = read(value)
    }
  return rows
}

const readerOf: Readonly<Partial<Record<FieldInfo['type'], (value: unknown) => unknown>>> = {
  BIGINT: safeInteger,
  DATETIME: time,
  TIMESTAMP: time,
}

function safeInteger(value: unknown): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  throw new RangeError(`The integer ${String(value)} does not fit a number; select it as text.`)
}

/** The session's time zone is UTC; the connector would read the text in the process's own. */
function time(value: unknown): Date {
  return new Date(`${String(value).replace(' ', 'T')}Z`)
}
