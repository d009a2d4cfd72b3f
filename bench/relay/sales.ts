import type { Order } from '../../services/kit/testing/shop.ts'

/** About as long as an event of a payment is as JSON. */
const note = 'x'.repeat(200)

export const someSale = (id: string): Order => ({ id, amount: 1000, note })

/** Finer than `Date.now()`, and the same in all processes of a machine. */
export const epochMs = (): number => performance.timeOrigin + performance.now()
