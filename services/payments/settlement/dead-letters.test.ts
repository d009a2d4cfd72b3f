import test from 'ava'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { until } from '../../kit/testing/until.ts'
import letters from '../../platform/dead-letters/service.ts'
import { start as startLetters } from '../../platform/dead-letters/start.ts'
import { readDeadLetters, writeDeadLetters } from '../../platform/scopes.ts'
import { topology } from '../../topology.ts'
import { captureOf, workerBench, type WorkerBench } from '../kit/testing.ts'
import { captureRequested } from '../topics.ts'
import service from './service.ts'
import { start } from './start.ts'

let all: WorkerBench
let ask: Awaited<ReturnType<WorkerBench['operator']>>
let operate: typeof ask

test.before(async () => {
  const tested = await testServers('kafka', 'mariadb', 'redis', 'postgres')
  all = await workerBench(topology, tested, { service, start })
  operate = await all.operator((await all.startWorker()).url)
  const { url } = await all.place.start(letters, startLetters)
  ask = await all.operator(url, [readDeadLetters, writeDeadLetters])
})
test.beforeEach(() => all.pg.prompt())
test.after.always(() => all?.stop())

interface Letter {
  readonly id: string
  readonly key: string
  readonly originalTopic: string
  readonly status: string
}

const lettersOf = async (paymentId: string): Promise<readonly Letter[]> => {
  const { body } = await ask(`GET /dlq/events?topic=${captureRequested.name}`)
  return (body as unknown as Letter[]).filter(({ key }) => key === paymentId)
}

/** A capture that was tried in vain until it was given up, and its dead letter. */
async function givenUp(): Promise<{ paymentId: string; letter: Letter }> {
  await all.pg.behave('capture', { failureRate: 1 })
  const paymentId = await all.authorised()
  await all.askCapture(captureOf(paymentId))
  await all.becomes(paymentId, 'FAILED')
  await until('the letter', async () => (await lettersOf(paymentId)).length > 0)
  const [letter] = await lettersOf(paymentId)
  if (!letter) throw new Error('There is no letter.')
  return { paymentId, letter }
}

test.serial(
  'a letter that is sent back has its capture tried again, which is audited',
  async (t) => {
    const { paymentId, letter } = await givenUp()
    await all.pg.prompt()
    t.is((await ask(`POST /dlq/events/${letter.id}/approve-and-reprocess`)).status, 202)
    await all.becomes(paymentId, 'SUCCESS')
    const calls = await all.callsOf(`${paymentId}:capture`)
    t.deepEqual(
      calls.filter((outcome) => outcome !== 'failed'),
      ['approved'],
    )
    const trail = await operate(`GET /admin/settlement/audit?id=${paymentId}`)
    t.like(trail.body, { items: [{ subject: 'dead letter', clientId: letter.id }] })
    t.is((await lettersOf(paymentId))[0]?.status, 'REPROCESSED')
  },
)

test.serial(
  'what is given up again is a letter again, and one that came late changes nothing',
  async (t) => {
    const { paymentId, letter } = await givenUp()
    t.is((await ask(`POST /dlq/events/${letter.id}/approve-and-reprocess`)).status, 202)
    await until('a second letter', async () => (await lettersOf(paymentId)).length === 2)
    const second = (await lettersOf(paymentId)).find(({ id }) => id !== letter.id)
    await all.pg.prompt()
    t.like(await operate(`POST /admin/settlement/migrate-dlq?id=${paymentId}`), { status: 200 })
    await all.becomes(paymentId, 'SUCCESS')
    t.is((await ask(`POST /dlq/events/${second?.id}/approve-and-reprocess`)).status, 202)
    await all.place.drained()
    t.like(await all.requestOf(paymentId), { status: 'SUCCESS' })
    const calls = await all.callsOf(`${paymentId}:capture`)
    t.deepEqual(
      calls.filter((outcome) => outcome !== 'failed'),
      ['approved'],
    )
  },
)
