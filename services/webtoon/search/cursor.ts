import { createHash } from 'node:crypto'
import { z } from 'zod'
import { invalidFields } from '../../kit/problem.ts'
import type { Question } from './queries.ts'

/** Where a page ends: what its last title was sorted by, and its id. */
export type Place = readonly [number | string | null, string]

const content = z.tuple([
  z.string(),
  z.tuple([z.union([z.number(), z.string(), z.null()]), z.string()]),
])

/** The cursor of the page after a place. It fits the same question only. */
export const cursorAt = (question: Question, place: Place): string =>
  Buffer.from(JSON.stringify([markOf(question), place])).toString('base64url')

/** The place of a cursor. @throws Problem 400 when it is none of ours, or of another question */
export function placeOf(question: Question, cursor: string): Place {
  const read = content.safeParse(parsed(cursor))
  if (!read.success || read.data[0] !== markOf(question))
    throw invalidFields('query', [
      { field: 'query.cursor', message: 'must be the `next` of a page of the same question' },
    ])
  return read.data[1]
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

/** What decides the order of the results, so that a page of one question is not continued as another. */
const markOf = ({ q, tags, sort, order }: Question): string =>
  createHash('sha256')
    .update(JSON.stringify([q, tags, sort, order]))
    .digest('base64url')
    .slice(0, 12)
