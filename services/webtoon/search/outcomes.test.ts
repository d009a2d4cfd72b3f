import test from 'ava'
import { isClosed, outcomeOf, worstOf } from './outcomes.ts'

const error = { type: 'some_exception', reason: 'because' }

test('a conflict of versions is no error: something newer is there', (t) => {
  t.deepEqual(outcomeOf({ status: 409, error }), { kind: 'stale' })
  t.deepEqual(outcomeOf({ status: 201 }), { kind: 'indexed' })
})

test('429 and 5xx pass, other refusals stay, and each says why', (t) => {
  for (const status of [429, 500, 503]) t.is(outcomeOf({ status, error }).kind, 'busy')
  const refused = outcomeOf({ status: 400, error })
  t.like(refused, { kind: 'refused', error: { name: 'some_exception' } })
  t.regex('error' in refused ? refused.error.message : '', /400 some_exception: because/)
})

test('an index that is gone or closed is not the fault of a change', (t) => {
  for (const status of [403, 404]) t.true(isClosed({ status, error }))
  for (const status of [200, 400, 409, 429, 503]) t.false(isClosed({ status, error }))
})

test('over several indexes the worst outcome counts', (t) => {
  const [indexed, stale] = [{ kind: 'indexed' } as const, { kind: 'stale' } as const]
  const busy = outcomeOf({ status: 429, error })
  const refused = outcomeOf({ status: 400, error })
  t.is(worstOf([stale, indexed]).kind, 'indexed')
  t.is(worstOf([indexed, busy]).kind, 'busy')
  t.is(worstOf([busy, refused, stale]).kind, 'refused')
})
