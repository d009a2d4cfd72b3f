import { z } from 'zod'
import type { Gateway } from '../front-door.ts'
import { waitFor } from './wait.ts'

const entry = z.object({
  entryId: z.int(),
  type: z.string(),
  businessId: z.string(),
  side: z.enum(['debit', 'credit']),
  account: z.string(),
  amount: z.int(),
  currency: z.string(),
})
export type Entry = z.infer<typeof entry>

const balance = z.object({
  account: z.string(),
  currency: z.string(),
  debits: z.int(),
  credits: z.int(),
  balance: z.int(),
})
export type Balance = z.infer<typeof balance>

const postedWithinMs = 30_000

/** What the books say of a payment, once they have so many postings of it. */
export function posted({ send }: Gateway, paymentId: string, count: number) {
  let found: readonly Entry[] = []
  return waitFor(
    async () => {
      const path = `GET /api/ledger/entries?paymentId=${paymentId}`
      found = (await send(path, { schema: z.object({ items: z.array(entry) }) })).body.items
      return found.length >= count ? found : undefined
    },
    {
      deadlineMs: postedWithinMs,
      reason: () => `${found.length} of ${count} postings are there (./maru logs ledger)`,
    },
  )
}

/** Debits less credits of some postings. */
export const difference = (entries: readonly Entry[]): number =>
  entries.reduce((sum, { side, amount }) => sum + (side === 'debit' ? amount : -amount), 0)

/** The accounts of the merchant whose token it is. */
export const accounts = async ({ send }: Gateway): Promise<readonly Balance[]> =>
  (await send('GET /api/ledger/accounts', { schema: z.object({ items: z.array(balance) }) })).body
    .items
