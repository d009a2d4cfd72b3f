import test from 'ava'
import { createLog } from './log.ts'
import { inSpan, SpanKind } from './spans.ts'
import { bareTracing } from './testing/tracing.ts'

function recorded(level = 'info') {
  const lines: Record<string, unknown>[] = []
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>)
  return { lines, log: createLog({ service: 'shop', instance: 'shop-1', level }, { write }) }
}

test('a line is one JSON object with service, instance, level and an RFC 3339 time', (t) => {
  const { lines, log } = recorded()
  log.info({ title: 'w-001' }, 'sold')
  log.debug('not asked for')
  t.is(lines.length, 1)
  t.like(lines[0], {
    service: 'shop',
    instance: 'shop-1',
    level: 'info',
    msg: 'sold',
    title: 'w-001',
  })
  t.regex(String(lines[0]?.['time']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
})

test('a line inside a span names its trace', async (t) => {
  const { lines, log } = recorded()
  const ids = await inSpan(
    bareTracing().tracer('shop'),
    'buy',
    { kind: SpanKind.SERVER },
    async (span) => {
      log.info('inside')
      return span.spanContext()
    },
  )
  log.info('outside')
  t.like(lines[0], { trace_id: ids.traceId, span_id: ids.spanId })
  t.false('trace_id' in (lines[1] ?? {}))
})

test('secrets are not written, at the top or one level down', (t) => {
  const { lines, log } = recorded()
  const secrets = {
    password: 'hush-1',
    secret: 'hush-2',
    client_secret: 'hush-3',
    token: 'hush-4',
    access_token: 'hush-5',
    refresh_token: 'hush-6',
    authorization: 'hush-7',
    cookie: 'hush-8',
  }
  log.info({ ...secrets, headers: secrets, body: secrets }, 'request')
  t.notRegex(JSON.stringify(lines), /hush/)
})
