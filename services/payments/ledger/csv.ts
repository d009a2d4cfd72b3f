import { z } from 'zod'
import { invalidFields, type FieldError } from '../../kit/problem.ts'
import { amountMinor, currency } from '../money.ts'

/** One line of a file of the gateway. */
export interface Line {
  /** 2 for the first after the header. */
  readonly line: number
  readonly gatewayId: string
  readonly key: string
  readonly type: 'capture' | 'refund'
  readonly amount: number
  readonly currency: string
  readonly occurredAt: Date
}

const columns = ['gateway_id', 'key', 'type', 'amount_minor', 'currency', 'occurred_at'] as const

/** The first line of every file. */
export const header = columns.join(',')

const fields = z.tuple([
  z.string().regex(/^[\u0021-\u007e]{1,64}$/, 'must have 1–64 printable characters'),
  z
    .string()
    .regex(/^[A-Za-z0-9:._-]{1,128}$/, 'must have 1–128 letters, digits, colons, dots or dashes'),
  z.enum(['capture', 'refund'], 'must be capture or refund'),
  z
    .string()
    .regex(/^[1-9]\d*$/, 'must be a whole number of minor units, written in digits only')
    .transform(Number)
    .pipe(amountMinor),
  currency,
  z.iso.datetime({ offset: true, error: 'must be a time with its zone (RFC 3339)' }),
])

/** Wrong fields that are told of at once. */
const toldAtMost = 20

/**
 * The lines of a file, some at a time: UTF-8, one operation a line, no value in it needs quotes.
 * @param size lines of a part; whoever takes one lets others work in between
 * @throws Problem 400 that names the wrong fields of a part by their lines, twenty at most
 */
export function* partsOf(text: string, size: number): Generator<readonly Line[]> {
  const [first = '', ...rest] = text.split(/\r?\n/)
  if (first !== header)
    throw invalidFields('body', [{ field: 'body.line 1', message: `must be ${header}` }])
  if (rest.at(-1) === '') rest.pop()
  for (let at = 0; at < rest.length; at += size) yield linesOf(rest.slice(at, at + size), at + 2)
}

function linesOf(texts: readonly string[], firstLine: number): readonly Line[] {
  const read = texts.map((text, at) => lineOf(text, firstLine + at))
  const errors = read.flatMap((one) => ('errors' in one ? one.errors : []))
  if (errors.length > 0) throw invalidFields('body', errors.slice(0, toldAtMost))
  return read.flatMap((one) => ('line' in one ? one : []))
}

function lineOf(text: string, line: number): Line | { errors: readonly FieldError[] } {
  const values = text.split(',')
  const at = `body.line ${line}`
  if (values.length !== columns.length)
    return { errors: [{ field: at, message: `must have ${columns.length} fields` }] }
  const { data, error } = fields.safeParse(values)
  if (!data)
    return {
      errors: error.issues.map(({ path: [column], message }) => ({
        field: `${at}.${columns[Number(column)]}`,
        message,
      })),
    }
  const [gatewayId, key, type, amount, currency, occurredAt] = data
  return { line, gatewayId, key, type, amount, currency, occurredAt: new Date(occurredAt) }
}
