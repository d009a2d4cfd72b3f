import test from 'ava'
import type { Problem } from '../../kit/problem.ts'
import { header, partsOf } from './csv.ts'

const linesOf = (text: string) => [...partsOf(text, 100)].flat()

const good = 'txn_1,a:capture,capture,1000,KRW,2026-01-05T10:00:00+09:00'

test('a file is its header and one operation a line, ended in either way', (t) => {
  const wanted = {
    ...{ line: 2, gatewayId: 'txn_1', key: 'a:capture', type: 'capture', amount: 1000 },
    ...{ currency: 'KRW', occurredAt: new Date('2026-01-05T01:00:00Z') },
  }
  t.deepEqual(linesOf(`${header}\n${good}`), [wanted] as never)
  t.deepEqual(
    linesOf(`${header}\r\n${good}\r\n${good}\r\n`).map(({ line }) => line),
    [2, 3],
  )
  t.deepEqual(linesOf(header), [])
})

const refusal = (text: string) => {
  try {
    linesOf(text)
    return undefined
  } catch (error) {
    return (error as Problem).errors.map(({ field }) => field)
  }
}

test('what is wrong is named by line and field, and nothing is taken', (t) => {
  t.deepEqual(refusal(`${header},more\n${good}`), ['body.line 1'])
  t.deepEqual(refusal(''), ['body.line 1'])
  t.deepEqual(refusal(`${header}\n${good}\n\n${good}`), ['body.line 3'])
  for (const [from, to, field] of [
    ['txn_1', '', 'gateway_id'],
    ['a:capture', 'a b', 'key'],
    [',capture', ',void', 'type'],
    ['1000', '1e3', 'amount_minor'],
    ['1000', '1000.0', 'amount_minor'],
    ['1000', '01', 'amount_minor'],
    ['1000', '0', 'amount_minor'],
    ['1000', '1000000000001', 'amount_minor'],
    ['KRW', 'krw', 'currency'],
    ['+09:00', '', 'occurred_at'],
  ] as const)
    t.deepEqual(
      refusal(`${header}\n${good}\n${good.replace(from, to)}`),
      [`body.line 3.${field}`],
      to,
    )
  const many = Array.from({ length: 50 }, () => 'x')
  t.is(refusal([header, ...many].join('\n'))?.length, 20)
})

test('a file is read some lines at a time, and lines keep their numbers', (t) => {
  const text = [header, good, good, good].join('\n')
  t.deepEqual(
    [...partsOf(text, 2)].map((part) => part.map(({ line }) => line)),
    [[2, 3], [4]],
  )
  const parts = partsOf(`${text}\nx`, 2)
  t.is(parts.next().value?.length, 2)
  t.throws(() => parts.next(), { message: /see errors/ })
})
