import test from 'ava'
import { Problem } from '../../kit/problem.ts'
import { eventOf, expectCurrent, matches, viewOf, type Title } from './titles.ts'

const title: Title = {
  id: 'w-001',
  title: '나 혼자만 레벨업',
  author: null,
  desc: null,
  tags: [],
  version: 3,
  updatedAt: 1_700_000_000_000,
  deleted: false,
}
const tombstone: Title = { ...title, deleted: true }

test('If-Match holds for the current version and for *, never for another, a weak or a missing one', (t) => {
  for (const tags of ['"3"', '"1", "3"', '*']) t.true(matches(tags, title), tags)
  for (const tags of ['"2"', '3', 'W/"3"', '', '"3']) t.false(matches(tags, title), tags)
  for (const nothing of [undefined, tombstone]) {
    t.false(matches('"3"', nothing))
    t.false(matches('*', nothing))
  }
})

test('a version that is not current is a conflict that names the current one', (t) => {
  t.notThrows(() => expectCurrent(title, { version: 3 }))
  t.notThrows(() => expectCurrent(title, {}))
  const error = t.throws(() => expectCurrent(title, { version: 2 }), { instanceOf: Problem })
  t.like(error, { status: 409, code: 'VERSION_CONFLICT', members: { currentVersion: 3 } })
})

test('version 0 asks that nothing is there: no row, or a tombstone', (t) => {
  for (const nothing of [undefined, tombstone])
    t.notThrows(() => expectCurrent(nothing, { version: 0 }))
  t.throws(() => expectCurrent(title, { version: 0 }), { instanceOf: Problem })
  t.throws(() => expectCurrent(undefined, { version: 1 }), { instanceOf: Problem })
})

test('a wrong If-Match is 412, also when the body has a wrong version', (t) => {
  const error = t.throws(() => expectCurrent(title, { ifMatch: '"2"', version: 2 }))
  t.like(error, { status: 412, code: 'PRECONDITION_FAILED' })
})

test('a reader sees empty text where there is none', (t) => {
  t.deepEqual(viewOf(title), {
    id: 'w-001',
    title: '나 혼자만 레벨업',
    author: '',
    desc: '',
    tags: [],
    updatedAt: '2023-11-14T22:13:20.000Z',
    version: 3,
  })
})

test('the event of a deletion carries nothing of the title', (t) => {
  t.deepEqual(eventOf(tombstone), {
    id: 'w-001',
    version: 3,
    updatedAt: 1_700_000_000_000,
    deleted: true,
  })
})
