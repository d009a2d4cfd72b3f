import test from 'ava'
import { defaultConnections } from '../../kit/client.ts'
import type { Service } from '../../model/service.ts'
import { topology } from '../../topology.ts'
import { callsAtOnce } from '../kit/settings.ts'
import payment from '../payment/service.ts'
import service from './service.ts'

/** Calls that a replica may have under way: workers are many at once, the API has two clients. */
const callsOf = ({ name }: Service): number =>
  name === payment.name ? 2 * defaultConnections : callsAtOnce

test('there is a place for every call that its callers have under way unless they are scaled', (t) => {
  const callers = topology.services.filter(({ calls }) => calls.includes(service))
  t.true(callers.length >= 3)
  const wanted = callers.reduce((sum, one) => sum + one.scale.min * callsOf(one), 0)
  t.true(service.atOnce >= service.scale.max * wanted, `${service.atOnce} of ${wanted}`)
})
