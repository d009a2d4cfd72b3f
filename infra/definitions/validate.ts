import { closest } from 'fastest-levenshtein'
import { identityOf, type KubernetesObject } from '../kubernetes/object.ts'
import { schemaOf } from './definitions.ts'
import { kindOf } from './kinds.ts'

/** The words of a structural schema that the check reads. */
interface Schema {
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly pattern?: string
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
}

/**
 * What an API server with the kind's definition would refuse of an object, without a server: unknown fields, missing
 * ones, wrong types and values. Empty for Kubernetes' own kinds: the test cluster's server judges those.
 * @returns a sentence each, with the object and the field
 */
export function violations(object: KubernetesObject): readonly string[] {
  const kind = kindOf(object)
  if (kind === undefined) return []
  const { properties } = schemaOf(kind) as Schema
  return wrongAt(properties?.['spec'] ?? {}, object['spec'], 'spec').map(
    (sentence) => `${identityOf(object)}: ${sentence}`,
  )
}

function wrongAt(schema: Schema, value: unknown, path: string): readonly string[] {
  if (schema['x-kubernetes-int-or-string'])
    return ['string', 'integer'].includes(typeOf(value)) ? [] : [`${path} must be a number or text`]
  if (schema.type !== undefined && !isA(schema.type, value))
    return [`${path} must be of type ${schema.type}, but is ${JSON.stringify(value)}`]
  return [
    ...wrongValue(schema, value, path),
    ...(Array.isArray(value)
      ? value.flatMap((item, at) => wrongAt(schema.items ?? {}, item, `${path}[${at}]`))
      : []),
    ...(typeOf(value) === 'object' ? wrongFields(schema, value as object, path) : []),
  ]
}

function wrongFields(schema: Schema, value: object, path: string): readonly string[] {
  const { properties = {}, required = [], additionalProperties } = schema
  const open =
    schema['x-kubernetes-preserve-unknown-fields'] === true || schema.properties === undefined
  const missing = required.filter((name) => !(name in value))
  return [
    ...missing.map((name) => `${path}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, field]) => {
      const known = properties[name]
      if (known) return wrongAt(known, field, `${path}.${name}`)
      if (typeof additionalProperties === 'object')
        return wrongAt(additionalProperties, field, `${path}.${name}`)
      if (open || additionalProperties === true) return []
      const near = closest(name, Object.keys(properties))
      return [`${path}.${name} is not known (did you mean ${near}?)`]
    }),
  ]
}

function wrongValue(schema: Schema, value: unknown, path: string): readonly string[] {
  const is = `but is ${JSON.stringify(value)}`
  const number = typeof value === 'number' ? value : undefined
  return [
    ...(schema.enum && !schema.enum.includes(value)
      ? [`${path} must be one of ${schema.enum.join(', ')}, ${is}`]
      : []),
    ...(number !== undefined && number < (schema.minimum ?? -Infinity)
      ? [`${path} must be at least ${schema.minimum}, ${is}`]
      : []),
    ...(number !== undefined && number > (schema.maximum ?? Infinity)
      ? [`${path} must be at most ${schema.maximum}, ${is}`]
      : []),
    ...(typeof value === 'string' && schema.pattern && !new RegExp(schema.pattern).test(value)
      ? [`${path} must match ${schema.pattern}, ${is}`]
      : []),
  ]
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  if (Number.isInteger(value)) return 'integer'
  return value === null ? 'null' : typeof value
}

const isA = (type: string, value: unknown): boolean =>
  typeOf(value) === type || (type === 'number' && typeOf(value) === 'integer')
