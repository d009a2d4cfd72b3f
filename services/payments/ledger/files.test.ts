import test from 'ava'
import { request } from 'undici'
import { v7 as uuid } from 'uuid'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { topology } from '../../topology.ts'
import { readPayments } from '../scopes.ts'
import { header } from './csv.ts'
import { admin, ledgerAt, ledgerBench, type LedgerBench } from './testing.ts'

type Body = Readonly<Record<string, unknown>>

let all: LedgerBench
let url: string
let desk: ReturnType<typeof ledgerAt>

test.before(async () => {
  all = await ledgerBench(topology, await testServers('kafka', 'mariadb'))
  url = (await all.start()).url
  desk = ledgerAt(url, await all.pay.bearer(admin))
})
test.after.always(() => all?.stop())

/** A line of a file. */
const line = (
  key: string,
  rest: { type?: string; amount?: number; currency?: string; at?: Date } = {},
) => {
  const { type = 'capture', amount = 1000, currency = 'KRW', at = new Date() } = rest
  return ['txn_1', key, type, amount, currency, at.toISOString()].join(',')
}

async function upload(text: string | Buffer, type = 'text/csv; charset=utf-8') {
  const headers = { ...(await all.pay.bearer(admin)), 'content-type': type }
  const answer = await request(`${url}/reconciliation/files`, {
    method: 'POST',
    headers,
    body: text,
  })
  return { status: answer.statusCode, body: (await answer.body.json()) as Body }
}

const file = (...lines: readonly string[]): string => [header, ...lines, ''].join('\n')

test.serial(
  'each row has its result, and what the books have of that time and no file has is listed',
  async (t) => {
    const from = new Date()
    const [good, dear, euro, absent] = [
      await all.settled(),
      await all.settled(),
      await all.settled(),
      await all.settled(),
    ]
    const refundId = await all.givenBack(good, 300)
    const waiting = await all.authorised()
    const stranger = uuid()
    const until = new Date()
    const rows = file(
      line(`${good}:capture`, { at: from }),
      line(refundId, { type: 'refund', amount: 300 }),
      line(`${dear}:capture`, { amount: 1001 }),
      line(`${euro}:capture`, { currency: 'EUR' }),
      line(`${waiting}:capture`),
      line(`${stranger}:capture`),
      line(`${good}:capture`, { at: until }),
    )
    const { status, body } = await upload(rows)
    t.is(status, 200, JSON.stringify(body))
    t.deepEqual(body['counts'], {
      ...{ matched: 2, amount: 1, currency: 1, status: 1 },
      ...{ missing_in_books: 1, missing_in_gateway: 1, duplicate: 1 },
    })
    const path = `/reconciliation/files/${String(body['fileId'])}/rows`
    const wrong = await desk.items(`${path}?size=100`)
    t.deepEqual(
      wrong.map(({ line, key, result, bookedAmount }) => [line, key, result, bookedAmount]),
      [
        [4, `${dear}:capture`, 'amount', 1000],
        [5, `${euro}:capture`, 'currency', 1000],
        [6, `${waiting}:capture`, 'status', null],
        [7, `${stranger}:capture`, 'missing_in_books', null],
        [8, `${good}:capture`, 'duplicate', 1000],
        [0, `${absent}:capture`, 'missing_in_gateway', 1000],
      ],
    )
    t.is((await desk.items(`${path}?result=matched`)).length, 2)
    const first = await desk.get(`${path}?size=5`)
    t.is((first.body['items'] as object[]).length, 5)
    t.is((await desk.items(`${path}?cursor=${String(first.body['next'])}`)).length, 1)

    // The same bytes are taken once; the operation that was missing comes in the next file.
    t.like(await upload(rows), {
      status: 409,
      body: { code: 'FILE_KNOWN', fileId: body['fileId'] },
    })
    const next = await upload(file(line(`${absent}:capture`), line(`${good}:capture`)))
    t.deepEqual(next.body['counts'], { matched: 1, duplicate: 1 })
    t.is((await desk.items('/reconciliation/files')).length, 2)
  },
)

test.serial('of two who bring the same file at once one is told that it is known', async (t) => {
  const text = file(line(`${uuid()}:capture`))
  const answers = await Promise.all([upload(text), upload(text), upload(text)])
  t.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
})

test.serial(
  'a file of a hundred thousand lines is compared within the time of a request',
  async (t) => {
    t.timeout(60_000)
    const lines = Array.from({ length: 100_000 }, () => line(`${uuid()}:capture`))
    const began = performance.now()
    const { status, body } = await upload(file(...lines))
    t.is(status, 200, JSON.stringify(body))
    t.like(body['counts'], { missing_in_books: 100_000 })
    t.log(`${Math.round(performance.now() - began)} ms`)
  },
)

test.serial('what is no such file is refused, and nothing of it is kept', async (t) => {
  const count = async () => (await desk.items('/reconciliation/files?size=100')).length
  const before = await count()
  const bad = await upload(file(line(`${uuid()}:capture`), line('a b')))
  t.like(bad, { status: 400, body: { errors: [{ field: 'body.line 3.key' }] } })
  t.is((await upload(file(), 'application/json')).status, 415)
  t.is((await upload(Buffer.from([...Buffer.from(file()), 0xff]))).status, 400)
  t.is((await upload('x'.repeat(10 * 1_048_576 + 1))).status, 413)
  t.is(await count(), before)
  const mine = ledgerAt(url, await all.pay.bearer([readPayments]))
  t.is((await mine.get('/reconciliation/files')).status, 403)
})
