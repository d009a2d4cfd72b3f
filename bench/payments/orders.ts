import { randomUUID } from 'node:crypto'

const merchants = 1000
const steps = 50
const step = 1000

/** An order of some merchant under a key that nobody has used. */
export const someOrder = (random: () => number = Math.random) => ({
  merchantId: `MERCHANT-${1 + Math.floor(random() * merchants)}`,
  amount: step * (1 + Math.floor(random() * steps)),
  currency: 'KRW',
  idempotencyKey: randomUUID(),
})
