import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { killed, ownProcess } from '../../kit/testing/own-process.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { until } from '../../kit/testing/until.ts'
import { topology } from '../../topology.ts'
import { adminPayments, usePaymentGateway } from '../scopes.ts'
import service from './service.ts'
import { start } from './start.ts'
import { mockAt, type Mock } from './testing.ts'

let servers: Awaited<ReturnType<typeof testServers>>
let place: Bench
let pg: Mock

test.before(async () => {
  servers = await testServers('mariadb')
  place = await bench(topology, servers.servers)
  const { url } = await place.start(service, start)
  pg = mockAt(url, await place.bearer(usePaymentGateway, adminPayments))
  await pg.prompt()
})

test.after.always(async () => {
  await place?.stop()
  await servers?.stop()
})

const money = { amount: 1000, currency: 'KRW' }
const authorisation = (key: string) => ({ key, merchantId: 'MERCHANT-1', ...money })
const outcomes = async (key: string) =>
  (await pg.calls()).filter((call) => call.key === key).map(({ outcome }) => outcome)

test.serial('an approval has its numbers, and each retry gets the same', async (t) => {
  const first = await pg.call('authorize', authorisation('a1:auth'))
  t.is(first.status, 200)
  t.like(first.body, { key: 'a1:auth', type: 'authorize', result: 'approved', code: '0000' })
  t.regex(String(first.body['approvalNumber']), /^APP[0-9A-F]{8}$/)
  t.regex(String(first.body['transactionId']), /^txn_[0-9a-f]{8}$/)
  t.deepEqual((await pg.call('authorize', authorisation('a1:auth'))).body, first.body)
  t.deepEqual((await pg.query('a1:auth')).body, first.body)
  t.deepEqual(await outcomes('a1:auth'), ['approved', 'replayed'])
})

test.serial('of a hundred authorisations at once under one key one holds the money', async (t) => {
  const all = await Promise.all(
    Array.from({ length: 100 }, () => pg.patiently('authorize', authorisation('a2:auth'))),
  )
  t.is(new Set(all.map(({ body }) => body['transactionId'])).size, 1)
  const logged = await outcomes('a2:auth')
  t.is(logged.filter((outcome) => outcome === 'approved').length, 1)
  t.is(logged.filter((outcome) => outcome === 'replayed').length, 99)
})

test.serial('a decline is kept like an approval, a failure is not', async (t) => {
  await pg.behave('authorize', { declineRate: 1 })
  t.like((await pg.call('authorize', authorisation('a3:auth'))).body, {
    result: 'declined',
    code: 'PG_DECLINED',
    approvalNumber: null,
  })
  await pg.behave('authorize', { declineRate: 0, failureRate: 1 })
  t.like(await pg.call('authorize', authorisation('a4:auth')), {
    status: 503,
    body: { code: 'PG_INTERRUPTED' },
  })
  t.is((await pg.query('a4:auth')).status, 404)
  await pg.behave('authorize', { failureRate: 0 })
  t.is((await pg.call('authorize', authorisation('a3:auth'))).body['result'], 'declined')
  t.is((await pg.call('authorize', authorisation('a4:auth'))).body['result'], 'approved')
  t.deepEqual(await outcomes('a3:auth'), ['declined', 'replayed'])
  t.deepEqual(await outcomes('a4:auth'), ['failed', 'approved'])
})

test.serial('a key stands for one operation', async (t) => {
  await pg.call('authorize', authorisation('a5:auth'))
  for (const other of [{ amount: 1001 }, { currency: 'USD' }])
    t.like(await pg.call('authorize', { ...authorisation('a5:auth'), ...other }), {
      status: 422,
      body: { code: 'PG_KEY_REUSED' },
    })
  t.deepEqual(await outcomes('a5:auth'), ['approved', 'refused', 'refused'])
})

test.serial('a void lets go once; of a key that nobody knows it leaves a tombstone', async (t) => {
  await pg.call('authorize', authorisation('a6:auth'))
  t.is((await pg.call('void', { key: 'a6:auth' })).body['result'], 'voided')
  t.is((await pg.call('void', { key: 'a6:auth' })).body['result'], 'voided')
  t.deepEqual(await outcomes('a6:auth'), ['approved', 'voided', 'replayed'])
  t.is((await pg.call('void', { key: 'a7:auth' })).body['result'], 'voided')
  t.is((await pg.call('authorize', authorisation('a7:auth'))).body['result'], 'voided')
  t.deepEqual(await outcomes('a7:auth'), ['tombstone', 'replayed'])
})

test.serial('voids and authorisations at once never leave money held', async (t) => {
  for (let round = 0; round < 20; round += 1) {
    const key = `race-${round}:auth`
    const [one] = await Promise.all([
      pg.patiently('void', { key }),
      pg.patiently('authorize', authorisation(key)),
      pg.patiently('authorize', authorisation(key)),
    ])
    t.is(one.body['result'], 'voided')
    t.is((await pg.query(key)).body['result'], 'voided')
  }
})

test.serial('captures and refunds never take more than there is', async (t) => {
  await pg.call('authorize', authorisation('a8:auth'))
  const capture = (key: string, amount: number) =>
    pg.patiently('capture', { key, authorization: 'a8:auth', amount, currency: 'KRW' })
  const refund = (key: string) =>
    pg.patiently('refund', { key, capture: 'a8:capture', amount: 300, currency: 'KRW' })
  t.is((await capture('a8:too-much', 1001)).body['code'], 'PG_EXCEEDED')
  t.is((await capture('a8:capture', 1000)).body['result'], 'approved')
  t.is((await capture('a8:again', 1)).body['code'], 'PG_EXCEEDED')
  t.like(await pg.call('void', { key: 'a8:auth' }), { status: 409, body: { code: 'PG_CAPTURED' } })
  const all = await Promise.all(Array.from({ length: 20 }, (_, n) => refund(`r${n}`)))
  t.is(all.filter(({ body }) => body['result'] === 'approved').length, 3)
  const unheld = { key: 'x', authorization: 'nobody:auth', ...money }
  t.is((await pg.call('capture', unheld)).body['code'], 'PG_NOT_AUTHORIZED')
  t.is(
    (await pg.call('refund', { key: 'y', capture: 'a8:auth', ...money })).body['code'],
    'PG_NOT_CAPTURED',
  )
})

test.serial('silence and broken connections come before or after the work, as told', async (t) => {
  const tried = (key: string) => pg.call('authorize', authorisation(key), 300)
  for (const [connection, held] of [
    ['silent-before', false],
    ['reset-before', false],
    ['silent-after', true],
    ['reset-after', true],
  ] as const) {
    await pg.behave('authorize', { connection })
    await t.throwsAsync(tried(`${connection}:auth`), undefined, connection)
    t.is((await pg.query(`${connection}:auth`)).status, held ? 200 : 404, connection)
  }
  await pg.behave('authorize', { connection: 'answers', delayMinMs: 200, delayMaxMs: 250 })
  const startedAt = performance.now()
  await pg.call('authorize', authorisation('late:auth'))
  t.true(performance.now() - startedAt > 195)
  await pg.prompt()
})

test.serial('what is wrong is named by its field, and money is written in digits', async (t) => {
  const cases: [string, string][] = [
    ['"amount":1.0', 'body.amount'],
    ['"amount":1e3', 'body.amount'],
    ['"amount":"1000"', 'body.amount'],
    ['"amount":0', 'body.amount'],
    ['"amount":-5', 'body.amount'],
    ['"amount":1000000000001', 'body.amount'],
    ['"amount":9007199254740993', 'body.amount'],
    ['"amount":1000,"currency":"krw"', 'body.currency'],
    ['"amount":1000,"currency":"XXX"', 'body.currency'],
    ['"amount":1000,"key":"a b"', 'body.key'],
    ['"amount":1000,"merchantId":""', 'body.merchantId'],
  ]
  for (const [part, field] of cases) {
    const body = `{"key":"w:auth","merchantId":"M","currency":"KRW",${part}}`
    const answer = await pg.raw('POST', '/pg/authorize', body)
    t.is(answer.status, 400, part)
    const [error] = answer.body['errors'] as { field: string }[]
    t.is(error?.field, field, part)
  }
  t.is((await pg.query('w:auth')).status, 404)
})

test.serial(
  'the log survives a kill -9 in the middle of calls, and agrees with the answers',
  async (t) => {
    const process = await ownProcess(service, await place.environment(service, { replica: 2 }))
    t.teardown(() => process.kill('SIGKILL'))
    const own = mockAt(process.url, await place.bearer(usePaymentGateway, adminPayments))
    await own.prompt()
    const answered: string[] = []
    const calling = Array.from({ length: 8 }, async (_, caller) => {
      for (let n = 0; ; n += 1) {
        const key = `killed-${caller}-${n}:auth`
        const answer = await own.call('authorize', authorisation(key)).catch(() => undefined)
        if (answer === undefined) return
        if (answer.status === 200) answered.push(key)
      }
    })
    await until('some answers', () => answered.length > 20)
    await killed(process)
    await Promise.all(calling)
    const logged = await pg.calls()
    const approved = logged.filter(({ outcome }) => outcome === 'approved').map(({ key }) => key)
    t.deepEqual(
      answered.filter((key) => !approved.includes(key)),
      [],
    )
    t.is(new Set(approved).size, approved.length)
    for (const key of approved.filter((one) => one.startsWith('killed-')))
      t.is((await pg.query(key)).body['result'], 'approved')
  },
)
