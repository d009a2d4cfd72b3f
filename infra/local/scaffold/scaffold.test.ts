import test from 'ava'
import { topology } from '../../../services/topology.ts'
import { nextPort } from './port.ts'
import { wishFrom } from './wish.ts'

test('wrong products, names and options are refused with what would be right', (t) => {
  const refusal = (path: string, options: object = {}) =>
    t.throws(() => wishFrom({ path, ...options }, topology), { code: 'USAGE' })?.message ?? ''
  t.regex(refusal('reviews'), /<product>\/<name>, for example webtoon\/reviews/)
  t.regex(refusal('games/chess'), /Products are: platform, webtoon, social, payments/)
  t.regex(refusal('webtoon/catalog'), /There is a service "catalog" already, in product webtoon/)
  t.regex(refusal('webtoon/token'), /path \/token belongs to auth/)
  t.regex(refusal('webtoon/Größe'), /lower case letters, digits and single dashes/)
  t.regex(refusal('webtoon/../x'), /<product>\/<name>/)
  t.regex(refusal('webtoon/routes'), /means something else/)
  t.regex(refusal('webtoon/x', { store: 'oracle' }), /one of postgres, mariadb, redis/)
  t.regex(refusal('webtoon/x', { consumes: 'nothing.v1' }), /one of .*events\.page_view\.v1/)
})

test('a new port is the next one of the product that nobody has, its admin port included', (t) => {
  const port = nextPort('webtoon', topology)
  const taken = topology.services.flatMap((one) => [one.port, one.port + 1000])
  t.false(taken.includes(port) || taken.includes(port + 1000))
  const others = topology.services.filter(({ product }) => product !== 'payments')
  t.is(nextPort('payments', { ...topology, services: others }), 8201)
})
