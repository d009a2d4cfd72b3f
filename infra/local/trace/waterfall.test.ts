import test from 'ava'
import { barOf } from './bar.ts'
import { linkedTraces, rootOf } from './choose.ts'
import { spanOf } from './testing.ts'
import { cut, fit, widthOf } from './text-width.ts'
import { treesOf, walk } from './tree.ts'
import { waterfall, type Look } from './waterfall.ts'

const plain: Look = { width: 100, paint: (_, text) => text, attributes: false }
const shape = (...spans: Parameters<typeof treesOf>) =>
  walk(treesOf(...spans)).map(({ branch, depth }) => `${depth}${branch.span.id}`)

test('children stand below their parents, earliest first', (t) => {
  const spans = [
    spanOf('late', { parentId: 'root', startUs: 1_050_000 }),
    spanOf('early', { parentId: 'root', startUs: 1_010_000 }),
    spanOf('below', { parentId: 'early', startUs: 1_020_000 }),
    spanOf('root'),
  ]
  t.deepEqual(shape(spans), ['0root', '1early', '2below', '1late'])
})

test('a span whose parent is missing begins a tree of its own and says so', (t) => {
  const spans = [spanOf('root'), spanOf('lost', { parentId: 'nowhere', startUs: 1_200_000 })]
  t.deepEqual(shape(spans), ['0root', '0lost'])
  t.true(
    waterfall(spans, plain).some((line) => line.includes('its parent nowhere is not in the store')),
  )
})

test('parents in a circle lose no span', (t) => {
  const spans = [spanOf('a', { parentId: 'b' }), spanOf('b', { parentId: 'a' })]
  t.is(walk(treesOf(spans)).length, 2)
})

test('a call whose clock is behind is moved into the middle of its caller, with all below it', (t) => {
  const spans = [
    spanOf('caller', { kind: 'client', durationUs: 100_000 }),
    spanOf('called', { parentId: 'caller', service: 'till', startUs: 500_000, durationUs: 60_000 }),
    spanOf('inside', { parentId: 'called', service: 'till', startUs: 510_000, durationUs: 1_000 }),
  ]
  const starts = walk(treesOf(spans)).map(({ branch }) => branch.startUs)
  t.deepEqual(starts, [1_000_000, 1_020_000, 1_030_000])
  t.true(waterfall(spans, plain).some((line) => line.includes('its clock is behind')))
})

test('a call whose clock is ahead is moved back, and a consumer that is later than its producer is not', (t) => {
  const call = [
    spanOf('caller', { kind: 'client' }),
    spanOf('called', {
      parentId: 'caller',
      service: 'till',
      startUs: 3_000_000,
      durationUs: 50_000,
    }),
  ]
  t.deepEqual(
    walk(treesOf(call)).map(({ branch }) => branch.shiftUs),
    [0, -1_975_000],
  )
  const message = [
    spanOf('sent', { kind: 'producer' }),
    spanOf('read', { parentId: 'sent', service: 'till', kind: 'consumer', startUs: 3_000_000 }),
  ]
  t.deepEqual(
    walk(treesOf(message)).map(({ branch }) => branch.shiftUs),
    [0, 0],
  )
})

test('bars are to scale and inside their line', (t) => {
  const scale = { fromUs: 0, toUs: 100 }
  t.is(barOf({ startUs: 0, durationUs: 100 }, scale, 10), '██████████')
  t.is(barOf({ startUs: 50, durationUs: 50 }, scale, 10), '     █████')
  t.is(barOf({ startUs: 100, durationUs: 0 }, scale, 10), '         ▏')
})

test('a line shows service, mark, name and duration; errors and attributes follow', (t) => {
  const spans = [
    spanOf('1', { name: 'POST /orders', error: 'no stock' }),
    spanOf('2', { parentId: '1', kind: 'producer', name: 'send orders.v1' }),
    spanOf('3', {
      parentId: '2',
      kind: 'consumer',
      service: 'till',
      name: 'process orders.v1',
      attributes: { 'db.system.name': 'redis' },
    }),
  ]
  const text = waterfall(spans, { ...plain, attributes: true }).join('\n')
  t.regex(text, /shop POST \/orders +█+ +100 ms/)
  t.regex(text, /error: no stock/)
  t.regex(text, /→ send orders\.v1/)
  t.regex(text, /till +← db redis process orders\.v1/)
  t.regex(text, /db\.system\.name {2}redis/)
  t.regex(text, /3 spans {2}2 services {2}1 error/)
})

test('no line is wider than the terminal, also with Korean names', (t) => {
  const spans = [
    spanOf('1', { name: '나 혼자만 레벨업 '.repeat(10) }),
    spanOf('2', { parentId: '1' }),
  ]
  for (const width of [80, 120]) {
    for (const line of waterfall(spans, { ...plain, width }).slice(1))
      t.true(widthOf(line) <= width, line)
  }
})

test('Korean characters take two cells, and colours none', (t) => {
  t.is(widthOf('레벨'), 4)
  t.is(widthOf('a레\u001B[31m벨\u001B[39m'), 5)
  t.is(widthOf('e\u0301'), 1)
  t.is(cut('레벨업', 5), '레벨…')
  t.is(widthOf(fit('여신강림', 5)), 5)
})

test('linked traces are named once, and the root is the earliest span without a parent', (t) => {
  const link = { traceId: 'b'.repeat(32), spanId: '1' }
  const spans = [
    spanOf('1', { links: [link] }),
    spanOf('0', { startUs: 900_000, parentId: 'gone', links: [link] }),
  ]
  t.deepEqual(linkedTraces(spans), [link.traceId])
  t.is(rootOf(spans)?.id, '1')
})
