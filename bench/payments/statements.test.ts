import test from 'ava'
import { luaOf, scriptOf } from './statements.ts'

const payment = '019abcde-0000-7000-8000-000000000001'
const event = '019abcde-0000-7000-8000-000000000002'

test('ids are made anew for each repetition, and what was equal stays equal', (t) => {
  const said = [
    { text: 'insert into payment values (?, ?, ?)', values: [payment, 1000, 'KRW'] },
    { text: 'insert into outbox values (?, ?)', values: [event, `{"of":"${payment}"}`] },
  ]
  const { statements, ids } = scriptOf(said)
  t.is(ids, 2)
  t.deepEqual(
    statements.map(({ values }) => values),
    [
      ['{0}', 1000, 'KRW'],
      ['{1}', '{"of":"{0}"}'],
    ],
  )
  t.deepEqual(
    statements.map(({ text }) => text),
    said.map(({ text }) => text),
  )
})

test('a script is a Lua table; NULL is false', (t) => {
  const lua = luaOf({
    ids: 1,
    statements: [
      { text: 'start transaction', values: [] },
      { text: "select '?'\nfrom x where a = ?", values: [null, 7, "it's"] },
    ],
  })
  t.is(
    lua,
    `return {
  { text = [==[start transaction]==], values = {  } },
  { text = [==[select '?'
from x where a = ?]==], values = { false, 7, [==[it's]==] } },
}
`,
  )
})

test('what sysbench cannot bind is an error', (t) => {
  const script = (value: unknown) => ({ ids: 0, statements: [{ text: '?', values: [value] }] })
  t.throws(() => luaOf(script(1.5)), { message: 'sysbench cannot bind 1.5.' })
  t.throws(() => luaOf(script(true)), { message: 'sysbench cannot bind true.' })
})
