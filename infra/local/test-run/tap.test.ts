import test from 'ava'
import { tapReader, type TapResult } from './tap.ts'

const output = `TAP version 13
ok 1 - kit › breaker › opens
# a comment
not ok 2 - rank › counts exactly
  ---
    name: AssertionError
    at: 'rank.test.ts:7'
  ...
ok 3 - later # SKIP
not ok 4 - some day # TODO

1..4
`

test('results are handed on with what explains them', (t) => {
  const results: TapResult[] = []
  const reader = tapReader((result) => results.push(result))
  output.split('\n').forEach(reader.line)
  reader.end()
  t.deepEqual(
    results.map(({ ok, left, title }) => ({ ok, left, title })),
    [
      { ok: true, left: false, title: 'kit › breaker › opens' },
      { ok: false, left: false, title: 'rank › counts exactly' },
      { ok: true, left: true, title: 'later' },
      { ok: false, left: true, title: 'some day' },
    ],
  )
  t.regex(results[1]?.details ?? '', /name: AssertionError\n.*rank\.test\.ts:7/)
})
