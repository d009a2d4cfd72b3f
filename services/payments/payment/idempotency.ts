import { createHash } from 'node:crypto'
import { invalidFields, Problem } from '../../kit/problem.ts'
import { idempotencyKey } from './api.ts'
import type { Order } from './payments.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>

/**
 * The key of a request, from its header or its body.
 * @throws Problem 400 where it is wrong, where both say different things, or none says anything
 */
export function keyOf(headers: Headers, inBody: string | undefined): string {
  const inHeader = headerKey(headers)
  const key = inHeader ?? inBody
  if (key === undefined) throw wrongKey('is missing; send it here or as idempotencyKey in the body')
  if (inHeader !== undefined && inBody !== undefined && inHeader !== inBody)
    throw wrongKey('is not the idempotencyKey of the body; send one of them, or the same')
  return key
}

/** The `Idempotency-Key` header, where there is one. @throws Problem 400 where it cannot be a key */
export function headerKey(headers: Headers): string | undefined {
  const header = headers['idempotency-key']?.toString()
  if (header === undefined) return undefined
  // Node reads header bytes as Latin-1.
  const parsed = idempotencyKey.safeParse(Buffer.from(header, 'latin1').toString('utf8'))
  if (parsed.success && !parsed.data.includes('\ufffd')) return parsed.data
  throw wrongKey(parsed.error?.issues[0]?.message ?? 'is not UTF-8')
}

/** What makes two requests the same one: what they want, not how they spell it. */
export const hashOf = ({ merchantId, amount, currency, capture }: Order): string =>
  createHash('sha256')
    .update(JSON.stringify([merchantId, amount, currency, capture]))
    .digest('hex')

export const otherBody = (): Problem =>
  new Problem(
    422,
    'IDEMPOTENCY_KEY_REUSED',
    'This key was used for a request with other contents; use a new key for a new request.',
  )

/** @param leaseMs for how long the first request is still alone with the key */
export const inProgress = (leaseMs: number, members: { paymentId: string }): Problem =>
  new Problem(
    409,
    'REQUEST_IN_PROGRESS',
    'A request with this key is being worked on; send it again after Retry-After.',
    { headers: { 'retry-after': String(Math.max(1, Math.ceil(leaseMs / 1000))) }, members },
  )

const wrongKey = (message: string): Problem =>
  invalidFields('key', [{ field: 'headers.idempotency-key', message }])
