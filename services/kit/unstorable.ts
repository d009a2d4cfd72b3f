import { Problem, type FieldError } from './problem.ts'
import { unstorableText } from './sql/problems.ts'

/** What a request brought. */
export interface Input {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}

/** A store knows only that some text cannot be kept; the request knows which one it was. */
export function located(error: unknown, input: Input): unknown {
  const isOurs = error instanceof Problem && error.code === unstorableText
  if (!isOurs || error.errors.length > 0) return error
  const errors = unstorable(input)
  return new Problem(error.status, error.code, error.message, { errors, cause: error })
}

/** Neither NUL nor half a surrogate is a character that stores can keep. */
const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/** Without recursion: a body may be nested more deeply than calls can be. */
function unstorable({ params, query, body }: Input): FieldError[] {
  const errors: FieldError[] = []
  const left = Object.entries({ params, query, body }).reverse() as [string, unknown][]
  for (let next = left.pop(); next; next = left.pop()) {
    const [field, value] = next
    const names = typeof value === 'object' && value !== null ? Object.keys(value) : []
    if ((typeof value === 'string' && !isStorable(value)) || !names.every(isStorable))
      errors.push({ field, message: 'holds a character that cannot be stored' })
    for (const name of names.filter(isStorable).reverse())
      left.push([`${field}.${name}`, (value as Record<string, unknown>)[name]])
  }
  return errors
}
