import { z } from 'zod'

/** JSON Schema (2020-12) of what a schema accepts, as OpenAPI and AsyncAPI embed it: without its dialect. */
export const inputSchema = (schema: z.ZodType): unknown => embedded(schema, 'input')

/** JSON Schema of what a schema gives. */
export const outputSchema = (schema: z.ZodType): unknown => embedded(schema, 'output')

function embedded(schema: z.ZodType, io: 'input' | 'output'): unknown {
  const whole = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return Object.fromEntries(Object.entries(whole).filter(([key]) => key !== '$schema'))
}
