import { closest } from 'fastest-levenshtein'
import { identityOf, type KubernetesObject } from '../kubernetes/object.ts'
import { schemaOf } from './definitions.ts'
import { kindOf } from './kinds.ts'
import { typeOf, wrongValue, type ValueSchema } from './wrong-value.ts'

/** The words of a structural schema that the check reads. */
interface Schema extends ValueSchema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly additionalProperties?: Schema | boolean
  readonly default?: unknown
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
}

/**
 * What an API server with the kind's definition would refuse of an object, without a server: unknown fields, missing
 * ones, wrong types and values. Rules between fields (CEL, `oneOf`) and `metadata` are the server's alone. Empty for
 * Kubernetes' own kinds: the test cluster's server judges those.
 * @returns a sentence each, with the object and the field
 */
export function violations(object: KubernetesObject): readonly string[] {
  const kind = kindOf(object)
  if (kind === undefined) return []
  const schema: Schema = schemaOf(kind)
  const known = { ...schema, properties: { ...schema.properties, metadata: open } }
  return wrongFields(known, object, '').map((sentence) => `${identityOf(object)}: ${sentence}`)
}

const open: Schema = { 'x-kubernetes-preserve-unknown-fields': true }

function wrongAt(schema: Schema, value: unknown, path: string): readonly string[] {
  const wrong = wrongValue(schema, value, path)
  if (wrong.length > 0) return wrong
  if (Array.isArray(value))
    return value.flatMap((item, at) => wrongAt(schema.items ?? {}, item, `${path}[${at}]`))
  return typeOf(value) === 'object' ? wrongFields(schema, value as object, `${path}.`) : []
}

function wrongFields(schema: Schema, value: object, path: string): readonly string[] {
  const { properties = {}, required = [] } = schema
  // The server fills in defaults before it looks for what is missing.
  const missing = required.filter(
    (name) => !(name in value) && properties[name]?.default === undefined,
  )
  return [
    ...missing.map((name) => `${path}${name} is missing`),
    ...Object.entries(value).flatMap(([name, field]) => {
      const known = properties[name] ?? ofAnyName(schema)
      return known ? wrongAt(known, field, `${path}${name}`) : [unknown(properties, name, path)]
    }),
  ]
}

/** What fields of any name must be; undefined where a schema knows its fields. */
function ofAnyName(schema: Schema): Schema | undefined {
  const { additionalProperties: any } = schema
  if (typeof any === 'object') return any
  return any === true || schema['x-kubernetes-preserve-unknown-fields'] ? open : undefined
}

function unknown(properties: object, name: string, path: string): string {
  const names = Object.keys(properties)
  const near = names.length > 0 ? ` (did you mean ${closest(name, names)}?)` : ''
  return `${path}${name} is not known${near}`
}
