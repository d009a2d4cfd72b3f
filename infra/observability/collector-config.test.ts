import test from 'ava'
import { collectorConfig } from './collector-config.ts'
import { settingsOf, variants } from './testing.ts'

const config = collectorConfig(settingsOf('prod'))

test('every part of the pipeline is defined, and every defined part is used', (t) => {
  const { receivers, processors, exporters } = config.service.pipelines.traces
  t.deepEqual([...receivers].sort(), Object.keys(config.receivers).sort())
  t.deepEqual([...processors].sort(), Object.keys(config.processors).sort())
  t.deepEqual([...exporters].sort(), Object.keys(config.exporters).sort())
  t.deepEqual([...config.service.extensions].sort(), Object.keys(config.extensions).sort())
})

test('memory is guarded first, and a trace is judged after its owner is known and its secrets are gone', (t) => {
  const { processors } = config.service.pipelines.traces
  t.is(processors[0], 'memory_limiter')
  const place = (name: string): number => processors.indexOf(name)
  t.true(place('k8s_attributes') < place('tail_sampling'))
  t.true(place('redaction') < place('tail_sampling'))
  t.is(processors.at(-1), 'batch')
})

test('failed and slow traces are kept whatever the stack’s share of the rest', (t) => {
  for (const settings of variants) {
    const { policies } = collectorConfig(settings).processors.tail_sampling
    t.like(policies[0], { type: 'status_code', status_code: { status_codes: ['ERROR'] } })
    t.like(policies[1], { type: 'latency', latency: { threshold_ms: 1000 } })
    const share = { sampling_percentage: settings.traces.samplePercent }
    t.like(policies[2], { type: 'probabilistic', probabilistic: share })
    t.is(policies.length, 3)
  }
})

/** Go's inline flag in JavaScript's words. */
const expression = (go: string): RegExp =>
  go.startsWith('(?i)') ? new RegExp(go.slice(4), 'i') : new RegExp(go)

const matches = (patterns: readonly string[], text: string): boolean =>
  patterns.some((pattern) => expression(pattern).test(text))

test('attributes with secrets are masked, and no others', (t) => {
  const { blocked_key_patterns: keys } = config.processors.redaction
  for (const key of [
    'http.request.header.authorization',
    'http.response.header.set-cookie',
    'Authorization',
    'user.password',
    'access_token',
    'token',
    'client_secret',
    'card.number',
    'payment.card',
    'pan',
    'cvc',
  ])
    t.true(matches(keys, key), key)
  for (const key of [
    'http.route',
    'http.request.method',
    'span.kind',
    'company',
    'discarded',
    'messaging.destination.name',
    'cardinality',
    'tokens_left',
    'db.system.name',
  ])
    t.false(matches(keys, key), key)
})

test('card numbers and tokens are masked wherever they stand, ids and times are not', (t) => {
  const { blocked_values: values } = config.processors.redaction
  for (const value of [
    'paid with 4111111111111111',
    '5555555555554444',
    '378282246310005',
    '4111 1111 1111 1111',
    'Bearer abc.def',
    'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln',
  ])
    t.true(matches(values, value), value)
  for (const value of [
    '0199a7c2-4f10-7e61-9d41-4242424242ab',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    '1767225600000',
    '2026-01-01T00:00:00.000Z',
    '/catalog/titles/:id',
    'select id from titles where id = $1',
  ])
    t.false(matches(values, value), value)
})
