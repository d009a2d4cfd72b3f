/** What a structural schema says of a single value, whatever stands in its fields. */
export interface ValueSchema {
  readonly type?: string
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly 'x-kubernetes-int-or-string'?: boolean
}

/** What is wrong with a value itself, in sentences that begin with its path. */
export function wrongValue(schema: ValueSchema, value: unknown, path: string): readonly string[] {
  const is = `but is ${JSON.stringify(value)}`
  const type = expected(schema)
  if (type !== undefined && !type.of.includes(typeOf(value)))
    return [`${path} must be ${type.says}, ${is}`]
  return [
    ...(schema.enum && !schema.enum.includes(value)
      ? [`${path} must be one of ${schema.enum.join(', ')}, ${is}`]
      : []),
    ...outOfBounds(schema, value, path),
    ...(typeof value === 'string' && schema.pattern && !expression(schema.pattern).test(value)
      ? [`${path} must match ${schema.pattern}, ${is}`]
      : []),
  ]
}

export function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (Number.isInteger(value)) return 'integer'
  return value === null ? 'null' : typeof value
}

function expected(schema: ValueSchema) {
  if (schema['x-kubernetes-int-or-string'])
    return { of: ['integer', 'string'], says: 'a whole number or text' }
  if (schema.type === undefined) return undefined
  const of = schema.type === 'number' ? ['number', 'integer'] : [schema.type]
  return { of, says: `of type ${schema.type}` }
}

/** Least and most of a value's size, by its type, and what is counted. */
const bounds = {
  number: ['minimum', 'maximum', 'be', ''],
  string: ['minLength', 'maxLength', 'have', ' characters'],
  array: ['minItems', 'maxItems', 'have', ' items'],
  object: ['minProperties', 'maxProperties', 'have', ' fields'],
} as const

function outOfBounds(schema: ValueSchema, value: unknown, path: string): readonly string[] {
  const size = sizeOf(value)
  if (size === undefined) return []
  const [least, most, verb, unit] = bounds[size.of]
  const { [least]: low = -Infinity, [most]: high = Infinity } = schema
  const is = `but ${verb === 'be' ? 'is' : 'has'} ${size.is}`
  return [
    ...(size.is < low ? [`${path} must ${verb} at least ${low}${unit}, ${is}`] : []),
    ...(size.is > high ? [`${path} must ${verb} at most ${high}${unit}, ${is}`] : []),
  ]
}

function sizeOf(value: unknown): { of: keyof typeof bounds; is: number } | undefined {
  if (typeof value === 'number') return { of: 'number', is: value }
  if (typeof value === 'string') return { of: 'string', is: [...value].length }
  if (Array.isArray(value)) return { of: 'array', is: value.length }
  if (typeof value === 'object' && value !== null)
    return { of: 'object', is: Object.keys(value).length }
  return undefined
}

/** The server's expressions are Go's: `(?i)` may stand in them, which JavaScript knows as a flag only. */
const expression = (pattern: string): RegExp =>
  new RegExp(pattern.replace('(?i)', ''), pattern.includes('(?i)') ? 'i' : '')
