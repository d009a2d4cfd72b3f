import test from 'ava'
import { z } from 'zod'
import { invalid, Problem, problemBody, unavailable } from './problem.ts'

const request = { path: '/things', requestId: 'r-1', traceId: 't-1' }

test('a problem has the members of RFC 9457 and those that earlier clients read', (t) => {
  const problem = new Problem(409, 'VERSION_CONFLICT', 'Version 2 is current.', {
    members: { current: 2 },
  })
  t.like(problemBody(problem, request), {
    type: '/problems/version-conflict',
    title: 'Conflict',
    status: 409,
    detail: 'Version 2 is current.',
    instance: '/things',
    code: 'VERSION_CONFLICT',
    traceId: 't-1',
    requestId: 'r-1',
    error: 'Conflict',
    message: 'Version 2 is current.',
    path: '/things',
    current: 2,
  })
})

test('every wrong field is told with its path; long and nested input is not echoed', (t) => {
  const schema = z.object({
    a: z.object({ b: z.array(z.number()) }),
    word: z.string().max(3),
    list: z.string(),
  })
  const input = { a: { b: [1, 'x'] }, word: 'y'.repeat(5000), list: [1, 2] }
  const problem = invalid('body', schema.safeParse(input).error!, input)
  t.is(problem.status, 400)
  t.deepEqual(
    problem.errors.map(({ field }) => field),
    ['body.a.b.1', 'body.word', 'body.list'],
  )
  t.deepEqual(
    problem.errors.map((error) => error.rejectedValue),
    ['x', undefined, undefined],
  )
  t.true(JSON.stringify(problemBody(problem, request)).length < 1500)
})

test('a missing field of a missing parent does not break the report', (t) => {
  const problem = invalid('body', z.object({ a: z.string() }).safeParse(null).error!, null)
  t.deepEqual(
    problem.errors.map(({ field }) => field),
    ['body'],
  )
})

test('unavailable says when to come again, in whole seconds and at least one', (t) => {
  t.is(unavailable('X', 'x', 0).headers['retry-after'], '1')
  t.is(unavailable('X', 'x', 5).headers['retry-after'], '5')
  t.is(unavailable('X', 'x').status, 503)
})
