import { z } from 'zod'

/** A structural schema, as Kubernetes takes it (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema). */
export type Structural = { readonly [word: string]: unknown }

/** The structural schema of a closed zod schema: closed by itself, since the server knows no field but those that stand there. */
export const structural = (schema: z.ZodType): Structural =>
  kept(z.toJSONSchema(schema, { target: 'openapi-3.0', reused: 'inline' })) as Structural

/** Words of JSON Schema that a structural schema has no use for, or may not have. */
const dropped = ['$schema', 'propertyNames']

function kept(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(kept)
  if (typeof node !== 'object' || node === null) return node
  const words = Object.entries(node).filter(([key]) => !dropped.includes(key))
  const { anyOf: _, ...rest } = Object.fromEntries(words) as Record<string, unknown>
  if (rest['x-kubernetes-int-or-string'] === true) return rest
  const closed = rest['additionalProperties'] === false || isEmpty(rest['additionalProperties'])
  const { additionalProperties, ...others } = rest
  return Object.fromEntries(
    Object.entries(
      closed
        ? others
        : { ...others, ...(additionalProperties !== undefined && { additionalProperties }) },
    ).map(([key, value]) => [key, kept(value)]),
  )
}

const isEmpty = (schema: unknown): boolean =>
  typeof schema === 'object' && schema !== null && Object.keys(schema).length === 0
