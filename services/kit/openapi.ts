import { STATUS_CODES } from 'node:http'
import type { z } from 'zod'
import { inputSchema, outputSchema } from './json-schema.ts'
import { adminOffset, type Service } from '../model/service.ts'
import type { Answer, Route } from '../model/route.ts'
import { bodyType, optionalBody } from './body.ts'

/** OpenAPI 3.1 document of a service, derived from its routes. Stable: same declaration, same document. */
export function openApi(service: Service): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [name, route] of Object.entries(service.api)) {
    const path = route.path.replace(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(name, route, service) }
  }
  return {
    openapi: '3.1.0',
    info: { title: `maru ${service.name}`, version: '1.0.0', description: service.summary },
    servers: [
      {
        url: `http://127.0.0.1:${service.port}`,
        description: `admin port ${service.port + adminOffset}`,
      },
    ],
    paths,
    components: { schemas: { Problem: problemSchema }, securitySchemes },
  }
}

function operation(name: string, route: Route, service: Service): Record<string, unknown> {
  return {
    operationId: name,
    summary: route.summary,
    security: route.access === 'public' ? [] : [{ bearer: [route.access.name] }],
    parameters: [...parameters('path', route.params), ...parameters('query', route.query)],
    ...(route.body && {
      requestBody: {
        required: !optionalBody(route),
        content: { [bodyType[route.encoding]]: { schema: inputSchema(route.body) } },
      },
    }),
    responses: { ...problemsOf(route, service), ...answersOf(route) },
  }
}

function parameters(
  place: 'path' | 'query',
  schema: z.ZodType | undefined,
): Record<string, unknown>[] {
  if (!schema) return []
  const { properties = {}, required = [] } = inputSchema(schema) as {
    properties?: Record<string, unknown>
    required?: string[]
  }
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }))
}

/** Problems that follow from a declaration, and those that the handler adds. Every other answer is a mistake. */
function problemsOf(route: Route, { edge }: Service): Record<string, unknown> {
  const { params, query, body, access, problems } = route
  const statuses = [
    ...(params || query || body ? [400] : []),
    ...(access === 'public' ? [] : [401, 403]),
    ...(body ? [413, 415] : []),
    ...(edge ? [429] : []),
    503,
    ...problems,
  ]
  return Object.fromEntries(statuses.map((status) => [status, problemAnswer(status)]))
}

const answersOf = (route: Route): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(route.answers).map(([status, answer]) => [status, answerOf(answer)]),
  )

function answerOf(answer: Answer): Record<string, unknown> {
  const headers = Object.entries(answer.headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ])
  return {
    description: answer.summary,
    ...(headers.length > 0 && { headers: Object.fromEntries(headers) }),
    ...(answer.schema && {
      content: {
        [answer.contentType ?? 'application/json']: { schema: outputSchema(answer.schema) },
      },
    }),
  }
}

const securitySchemes = { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'at+jwt' } }

const problemAnswer = (status: number) => ({
  description: STATUS_CODES[status] ?? 'A problem',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'traceId'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    code: { type: 'string', description: 'Stable and machine readable' },
    traceId: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['field', 'message'],
        properties: { field: { type: 'string' }, message: { type: 'string' }, rejectedValue: {} },
      },
    },
  },
}
