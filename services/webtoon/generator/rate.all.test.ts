import test from 'ava'
import { addressOf, ownServer, type OwnServer } from '../../../infra/local/engines/testing.ts'
import { killed, ownProcess, type OwnProcess } from '../../kit/testing/own-process.ts'
import { topicLog } from '../../kit/testing/topic-log.ts'
import { until } from '../../kit/testing/until.ts'
import { bench, type Bench } from '../../kit/testing.ts'
import { topology } from '../../topology.ts'
import { readGenerator, writeGenerator } from '../scopes.ts'
import { pageView } from '../topics.ts'
import type { Status } from './control.ts'
import service from './service.ts'

const seconds = 30

let broker: OwnServer
let place: Bench
let generator: OwnProcess

test.before(async () => {
  broker = await ownServer('kafka')
  place = await bench(topology, addressOf('kafka', broker))
  // Nothing of these runs goes through the gateway.
  const env = await place.environment(service, {
    env: { SERVICE_GATEWAY_URL: 'http://127.0.0.1:1' },
  })
  generator = await ownProcess(service, env)
})

test.after.always(async () => {
  if (generator) await killed(generator)
  await place?.stop()
  await broker?.stop()
})

async function call(method: 'GET' | 'POST', path: string): Promise<Status> {
  const headers = await place.bearer(readGenerator, writeGenerator)
  return (await (await fetch(generator.url + path, { method, headers })).json()) as Status
}

for (const eps of [300, 600, 1000, 2000, 10_000])
  test.serial(`${eps} events/s for half a minute are that within 2 %`, async (t) => {
    t.timeout(120_000)
    const { kafka = '' } = addressOf('kafka', broker)
    const topic = await topicLog(kafka, place.prefix + pageView.name)
    const held = async (): Promise<number> =>
      (await topic.ends()).reduce((sum, { high }) => sum + Number(high), 0)
    const before = await held()
    await call('POST', `/generator/start?eps=${eps}&duration=${seconds}&target=kafka`)
    const ended = async (): Promise<boolean> => !(await call('GET', '/generator/status')).running
    await until('the run ends', ended, 90_000)
    // Nothing more is made, but some may be under way: a stop waits for their acknowledgements.
    const after = await call('POST', '/generator/stop')
    const published = (await held()) - before
    await topic.close()
    const took = (Date.parse(after.stoppedAt ?? '') - Date.parse(after.startedAt ?? '')) / 1000
    t.log(`${(published / took).toFixed(1)} events/s over ${took.toFixed(2)} s`)
    t.like(after, { totalGenerated: published, totalPublished: published, totalErrors: 0 })
    t.is(published + after.totalSkipped, eps * seconds)
    t.true(Math.abs(published / took / eps - 1) < 0.02, `${published / took}`)
  })
