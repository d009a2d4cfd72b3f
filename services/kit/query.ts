import type { Context } from 'koa'
import { invalidFields, Problem } from './problem.ts'

/** What a request asks for behind its `?`; a name that comes twice has a list. */
export type Query = Readonly<Record<string, string | readonly string[] | undefined>>

/**
 * Reads the query of a request.
 * @throws Problem 400 where it is not UTF-8, a `%` has no two hex digits, or a value holds NUL, which no store can keep
 */
export function readQuery({ querystring, query }: Pick<Context, 'querystring' | 'query'>): Query {
  // Node puts a replacement character where bytes make no sense: another text than the one that was sent.
  if (!isDecodable(querystring))
    throw new Problem(
      400,
      'BAD_QUERY',
      'The query holds bytes that are not UTF-8, or a % without two hex digits after it.',
    )
  const errors = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().some((text) => text?.includes('\0'))
      ? [{ field: `query.${name}`, message: 'must not contain NUL' }]
      : [],
  )
  if (errors.length === 0) return { ...query }
  throw invalidFields('query', errors)
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
