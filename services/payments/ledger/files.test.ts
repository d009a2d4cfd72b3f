import test from 'ava'
import { v7 as uuid } from 'uuid'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { topology } from '../../topology.ts'
import { readPayments } from '../scopes.ts'
import { admin, csvFile, csvLine, ledgerAt, ledgerBench, type LedgerBench } from './testing.ts'

let all: LedgerBench
let url: string
let desk: ReturnType<typeof ledgerAt>

test.before(async () => {
  all = await ledgerBench(topology, await testServers('kafka', 'mariadb'))
  url = (await all.start()).url
  desk = ledgerAt(url, await all.pay.bearer(admin))
})
test.after.always(() => all?.stop())

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
    const rows = csvFile(
      csvLine(`${good}:capture`, { at: from }),
      csvLine(refundId, { type: 'refund', amount: 300 }),
      csvLine(`${dear}:capture`, { amount: 1001 }),
      csvLine(`${euro}:capture`, { currency: 'EUR' }),
      csvLine(`${waiting}:capture`),
      csvLine(`${stranger}:capture`),
      csvLine(`${good}:capture`, { at: until }),
    )
    const { status, body } = await desk.upload(rows)
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
    t.like(await desk.upload(rows), {
      status: 409,
      body: { code: 'FILE_KNOWN', fileId: body['fileId'] },
    })
    const next = await desk.upload(
      csvFile(csvLine(`${absent}:capture`), csvLine(`${good}:capture`)),
    )
    t.deepEqual(next.body['counts'], { matched: 1, duplicate: 1 })
    t.is((await desk.items('/reconciliation/files')).length, 2)
  },
)

test.serial('of two who bring the same file at once one is told that it is known', async (t) => {
  const text = csvFile(csvLine(`${uuid()}:capture`))
  const answers = await Promise.all([desk.upload(text), desk.upload(text), desk.upload(text)])
  t.deepEqual(answers.map(({ status }) => status).sort(), [200, 409, 409])
})

test.serial('what is no such file is refused, and nothing of it is kept', async (t) => {
  const count = async () => (await desk.items('/reconciliation/files?size=100')).length
  const before = await count()
  const bad = await desk.upload(csvFile(csvLine(`${uuid()}:capture`), csvLine('a b')))
  t.like(bad, { status: 400, body: { errors: [{ field: 'body.line 3.key' }] } })
  t.is((await desk.upload(csvFile(), 'application/json')).status, 415)
  t.is((await desk.upload(Buffer.from([...Buffer.from(csvFile()), 0xff]))).status, 400)
  t.is((await desk.upload('x'.repeat(10 * 1_048_576 + 1))).status, 413)
  t.is(await count(), before)
  const mine = ledgerAt(url, await all.pay.bearer([readPayments]))
  t.is((await mine.get('/reconciliation/files')).status, 403)
})
