import pg from 'pg'

/**
 * Type parsers of every connection: int8 (also of `count` and `sum`) arrives as a number instead of a string,
 * numeric stays a string, so that money is never rounded silently.
 */
export const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 && format !== 'binary'
      ? safeInteger
      : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

/** @throws RangeError beyond ±(2^53 − 1), where a number would silently be another one */
function safeInteger(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  throw new RangeError(`The int8 ${text} does not fit a number; select it as text.`)
}
