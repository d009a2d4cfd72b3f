import { topology } from '../../../services/topology.ts'
import { cleanLogs } from '../../verify/clean-logs.ts'
import { deadLetterBooks } from '../../verify/dead-letter-books.ts'
import { checkOf } from '../../verify/invariants.ts'
import type { Suite } from '../suite.ts'
import { kinds, type Kind } from './client.ts'
import { faults } from './faults.ts'
import { drive } from './load.ts'
import { calm } from './weather.ts'

const worker = (name: string) => ({
  [`${name}_GATEWAY_TIMEOUT_MS`]: '3000',
  [`${name}_RETRY_INTERVAL_MS`]: '1000',
  [`${name}_BREAKER_OPEN_MS`]: '4000',
  [`${name}_LOOK_EVERY_MS`]: '100',
})

/** Whatever is on its way was waited for before. */
const holdWithinMs = 20_000

const declared = topology.services
  .filter(({ product }) => product === 'payments')
  .flatMap(({ invariants }) => invariants)

/** Money moves once, whoever dies when. */
export const payments: Suite<Kind> = {
  name: 'payments',
  says: 'kills, cuts off and slows down whatever moves money, under sales of all kinds',
  kinds,
  faults,
  settings: {
    payment: { PAYMENT_BREAKER_OPEN_MS: '4000', PAYMENT_LOOK_EVERY_MS: '100' },
    settlement: worker('SETTLEMENT'),
    refund: worker('REFUND'),
    'pg-mock': { PG_MOCK_MODE: 'load' },
  },
  books: [...declared.map((one) => checkOf(one, holdWithinMs)), deadLetterBooks],
  lastly: [cleanLogs],
  prepare: calm,
  drive,
}
