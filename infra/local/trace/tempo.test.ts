import { parser } from '@grafana/lezer-traceql'
import test from 'ava'
import { fromOtlp, traceQl } from './tempo.ts'

const wanted = { tags: [], limit: 10, withinMs: 1000 }

test('every wish becomes TraceQL that its grammar accepts', (t) => {
  const all = {
    ...wanted,
    service: 'gateway',
    error: true,
    minMs: 1.5,
    tags: [
      ['http.route', '/catalog/:id'],
      ['http.response.status_code', '500'],
    ] as const,
  }
  t.is(
    traceQl(all),
    '{ resource.service.name = "gateway" && status = error && duration >= 1500us && .http.route = "/catalog/:id"' +
      ' && (.http.response.status_code = "500" || .http.response.status_code = 500) }',
  )
  t.is(traceQl(wanted), '{ }')
  for (const query of [traceQl(all), traceQl(wanted)]) t.false(hasError(query), query)
  t.true(hasError('{ status = }'))
})

test('OTLP spans are read with ids in hex or base64, kinds as words or numbers', (t) => {
  const hex = '0123456789abcdef0123456789abcdef'
  const base64 = Buffer.from(hex, 'hex').toString('base64')
  const times = { startTimeUnixNano: '1700000000000001000', endTimeUnixNano: '1700000000000251000' }
  const [one, two] = fromOtlp([
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'rank' } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: base64,
              spanId: Buffer.from('00000000000000ff', 'hex').toString('base64'),
              name: 'process events',
              kind: 'SPAN_KIND_CONSUMER',
              ...times,
              attributes: [{ key: 'n', value: { intValue: '3' } }],
              status: { code: 'STATUS_CODE_ERROR', message: 'away' },
              links: [{ traceId: base64, spanId: 'AAAAAAAAAAE=' }],
            },
            {
              traceId: hex,
              spanId: '00000000000000fe',
              parentSpanId: '00000000000000ff',
              name: 'x',
              kind: 3,
              ...times,
            },
          ],
        },
      ],
    },
  ])
  t.like(one, {
    traceId: hex,
    id: '00000000000000ff',
    service: 'rank',
    kind: 'consumer',
    startUs: 1_700_000_000_000_001,
    durationUs: 250,
    error: 'away',
    attributes: { n: '3' },
    links: [{ traceId: hex, spanId: '0000000000000001' }],
  })
  t.like(two, { parentId: '00000000000000ff', kind: 'client', error: undefined })
})

function hasError(query: string): boolean {
  let found = false
  parser.parse(query).iterate({ enter: (node) => void (found ||= node.type.isError) })
  return found
}
