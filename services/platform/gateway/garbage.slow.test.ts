import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { Client } from 'undici'
import { testServers } from '../../../infra/local/engines/testing.ts'
import { serviceVariableName } from '../../kit/bindings.ts'
import { bench } from '../../kit/testing.ts'
import { killed, ownProcess } from '../../kit/testing/own-process.ts'
import { topology } from '../../topology.ts'
import rank from '../../webtoon/rank/service.ts'
import { readRank } from '../../webtoon/scopes.ts'
import service from './service.ts'

const requests = 10_000
/** So many that nobody is over the limit of the route. */
const subjects = 200

test('what a request leaves behind dies young', async (t) => {
  t.timeout(240_000)
  const { servers, stop } = await testServers('redis')
  t.teardown(stop)
  const place = await bench(topology, servers)
  t.teardown(() => place.stop())
  const upstream = createServer((_, response) => void response.end('[]'))
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void upstream.close().closeAllConnections())
  const { port } = upstream.address() as AddressInfo
  const env = { [serviceVariableName(rank.name)]: `http://127.0.0.1:${port}` }
  const gateway = await ownProcess(service, await place.environment(service, { env }))
  t.teardown(() => killed(gateway))
  const readers = await Promise.all(
    Array.from({ length: subjects }, async (_, n) => ({
      authorization: `Bearer ${await place.token([readRank], { subject: `r-${n}` })}`,
    })),
  )
  const client = new Client(gateway.url)
  t.teardown(() => client.destroy())
  const ask = async (count: number): Promise<void> => {
    for (let n = 0; n < count; n += 1) {
      const headers = readers[n % subjects] ?? {}
      const { statusCode, body } = await client.request({
        path: '/rank/top',
        method: 'GET',
        headers,
      })
      await body.dump()
      if (statusCode !== 200) throw new Error(`It answered ${statusCode}.`)
    }
  }
  await ask(requests / 2)
  const before = await fullCollections(gateway.admin)
  await ask(requests)
  // 60 MB of what these leave behind would be old by then if a tenth outlived the young generation.
  const collections = (await fullCollections(gateway.admin)) - before
  t.true(collections <= 4, `${collections} full collections`)
})

async function fullCollections(admin: string): Promise<number> {
  const text = await (await fetch(`${admin}/metrics`)).text()
  const found = /^nodejs_gc_duration_seconds_count\{[^}]*kind="major"[^}]*\} (\d+)/m.exec(text)
  return Number(found?.[1] ?? 0)
}
