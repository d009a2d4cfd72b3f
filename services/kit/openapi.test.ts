import test from 'ava'
import { z } from 'zod'
import { route } from '../model/route.ts'
import { scope } from '../model/scope.ts'
import { service } from '../model/service.ts'
import { openApi } from './openapi.ts'

const thing = z.object({ id: z.string(), price: z.coerce.number().int().default(1) })
const shop = service({
  name: 'shop',
  product: 'platform',
  summary: 'Sells.',
  port: 23009,
  api: {
    get: route('GET /things/:id', {
      summary: 'One thing',
      access: scope('read:things', 'Reads.'),
      params: z.object({ id: z.string().regex(/^w-/) }),
      query: z.object({ n: z.coerce.number().max(10).default(5), tag: z.string().optional() }),
      answers: { 200: { summary: 'The thing', schema: thing, headers: { ETag: 'Version' } } },
    }),
    put: route('PUT /things/:id', {
      summary: 'Change',
      access: 'public',
      params: z.object({ id: z.string() }),
      body: thing,
      problems: [404],
      answers: { 204: { summary: 'Done' } },
    }),
    login: route('POST /login', {
      summary: 'Form',
      access: 'public',
      encoding: 'form',
      body: z.object({ user: z.string() }),
      answers: {
        200: { summary: 'Keys', contentType: 'application/jwk-set+json', schema: z.object({}) },
      },
    }),
  },
  slo: { availability: 99, latency: { p95Ms: 100 } },
})

interface Operation {
  operationId: string
  security: unknown[]
  parameters: { name: string; in: string; required: boolean; schema: Record<string, unknown> }[]
  requestBody?: { content: Record<string, { schema: { required?: string[] } }> }
  responses: Record<
    string,
    { headers?: object; content?: Record<string, { schema: { required?: string[] } }> }
  >
}

const document = openApi(shop) as {
  openapi: string
  paths: Record<string, Record<string, Operation>>
}
const operation = (path: string, method: string): Operation => document.paths[path]![method]!

test('routes of one path are operations of one path item, with OpenAPI parameters', (t) => {
  t.is(document.openapi, '3.1.0')
  t.deepEqual(Object.keys(document.paths), ['/things/{id}', '/login'])
  t.deepEqual(Object.keys(document.paths['/things/{id}']!), ['get', 'put'])
  const { parameters } = operation('/things/{id}', 'get')
  t.deepEqual(
    parameters.map(({ name, in: place, required }) => [name, place, required]),
    [
      ['id', 'path', true],
      ['n', 'query', false],
      ['tag', 'query', false],
    ],
  )
  t.is(parameters[0]?.schema['pattern'], '^w-')
})

test('a scope asks for a bearer token, a public route for none', (t) => {
  t.deepEqual(operation('/things/{id}', 'get').security, [{ bearer: ['read:things'] }])
  t.deepEqual(operation('/things/{id}', 'put').security, [])
})

test('what has a default may be left out of a request and is always in an answer', (t) => {
  const body = operation('/things/{id}', 'put').requestBody?.content['application/json']?.schema
  t.deepEqual(body?.required, ['id'])
  const answer = operation('/things/{id}', 'get').responses['200']
  t.deepEqual(answer?.content?.['application/json']?.schema.required, ['id', 'price'])
  t.deepEqual(Object.keys(answer?.headers ?? {}), ['ETag'])
})

test('forms, other content types and problems are documented as such', (t) => {
  const login = operation('/login', 'post')
  t.deepEqual(Object.keys(login.requestBody?.content ?? {}), ['application/x-www-form-urlencoded'])
  t.deepEqual(Object.keys(login.responses['200']?.content ?? {}), ['application/jwk-set+json'])
  t.deepEqual(Object.keys(login.responses['415']?.content ?? {}), ['application/problem+json'])
})

test('the problems of an operation follow from its declaration, and there are no others', (t) => {
  const statuses = (path: string, method: string) =>
    Object.keys(operation(path, method).responses).join(' ')
  t.is(statuses('/things/{id}', 'get'), '200 400 401 403 503')
  t.is(statuses('/things/{id}', 'put'), '204 400 404 413 415 503')
  t.is(statuses('/login', 'post'), '200 400 413 415 503')
})

test('the same declaration gives the same document, without dialects inside', (t) => {
  t.is(JSON.stringify(openApi(shop)), JSON.stringify(document))
  t.notRegex(JSON.stringify(document), /\$schema/)
})
