import test from 'ava'
import { thisCheckout } from '../local/cli/checkout.ts'
import { topology } from '../../services/topology.ts'
import pgMock from '../../services/payments/pg-mock/service.ts'
import { mockAt } from '../../services/payments/pg-mock/testing.ts'
import { adminPayments } from '../../services/payments/scopes.ts'
import { probe, schemathesis } from './schemathesis.ts'
import { constellation, type Constellation } from './testing.ts'

let all: Constellation
let python: string

test.before(async (t) => {
  t.timeout(600_000)
  python = await schemathesis(thisCheckout().cache, t.log)
  all = await constellation()
  // Captures and refunds take it seconds, as long as nobody says otherwise.
  const authorization = `Bearer ${await all.place.token(topology.scopes)}`
  await mockAt(all.running.get(pgMock)?.url ?? '', { authorization }).prompt()
})

test.after.always(() => all?.stop())

for (const service of topology.services) {
  if (Object.keys(service.api).length === 0) continue
  const probed = async (url: string, cases: number) => {
    // Whoever may change the mock gateway's behaviour would silence it, and wait for every answer after that.
    const scopes = topology.scopes.filter((scope) => scope !== adminPayments)
    const token = await all.place.token(scopes, { merchant: 'MERCHANT-1' })
    const document = `${all.running.get(service)?.url}/openapi.json`
    return probe(python, { document, url, cases, token })
  }

  test.serial(`${service.name} does what its document says, whatever it is sent`, async (t) => {
    t.timeout(180_000)
    const { passed, driven, text } = await probed(all.running.get(service)?.url ?? '', 25)
    t.true(passed, text)
    t.is(driven, Object.keys(service.api).length, text)
  })

  const { base } = service.edge ?? {}
  if (base !== undefined)
    test.serial(`${service.name} does so behind the gateway`, async (t) => {
      t.timeout(180_000)
      const { passed, text } = await probed(all.gateway + base, 5)
      t.true(passed, text)
    })
}
