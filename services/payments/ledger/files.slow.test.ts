import test from 'ava'
import { v7 as uuid } from 'uuid'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { ownProcess } from '../../kit/testing/own-process.ts'
import { topology } from '../../topology.ts'
import service from './service.ts'
import { admin, csvFile, csvLine, ledgerAt, ledgerBench, type LedgerBench } from './testing.ts'

let all: LedgerBench

test.before(async () => {
  all = await ledgerBench(topology, await testServers('kafka', 'mariadb'))
})
test.after.always(() => all?.stop())

/** What the service's edge gives a request. */
const withinMs = 30_000
const longestBytes = 10 * 2 ** 20

test.serial(
  'the largest file is compared within the time of a request and the memory of a pod',
  async (t) => {
    t.timeout(120_000)
    const child = await ownProcess(service, await all.pay.place.environment(service))
    t.teardown(() => child.kill('SIGKILL'))
    const desk = ledgerAt(child.url, await all.pay.bearer(admin))
    const lineBytes = csvLine(`${uuid()}:capture`).length + 1
    const count = Math.floor((longestBytes - 100) / lineBytes)
    const file = csvFile(...Array.from({ length: count }, () => csvLine(`${uuid()}:capture`)))
    const began = performance.now()
    const { status, body } = await desk.upload(file)
    const ms = performance.now() - began
    t.is(status, 200, JSON.stringify(body))
    t.deepEqual(body['counts'], { missing_in_books: count })
    t.log(`${count} lines in ${Math.round(ms)} ms`)
    t.true(ms < withinMs)
  },
)
