import { z } from 'zod'
import { route } from '../../model/route.ts'
import { merchantId } from '../money.ts'
import { readPayments } from '../scopes.ts'

const side = z.enum(['debit', 'credit'])
const account = z.enum(['merchant_receivable', 'cash'])

/** Number of an entry, which is its place in the books. */
const entryId = z.coerce.number<string>().int().min(0).max(Number.MAX_SAFE_INTEGER)
const size = z.coerce.number<string>().int().min(1).max(100).default(20)

const entry = z.object({
  entryId: z.int(),
  type: z.enum(['capture', 'refund']),
  businessId: z.string().describe('The payment of a capture, the refund of a refund'),
  side,
  account,
  paymentId: z.string(),
  merchantId: z.string(),
  amount: z.int().describe('Minor units'),
  currency: z.string(),
  occurredAt: z.iso.datetime(),
  postedAt: z.iso.datetime(),
})

const balance = z.object({
  account,
  currency: z.string(),
  debits: z.int().describe('Minor units, as all here'),
  credits: z.int(),
  balance: z.int().describe('Debits less credits'),
})

export const api = {
  entries: route('GET /ledger/entries', {
    summary:
      'Postings of the own merchant, in the order in which they were written, page by page; with `admin:payments` everybody’s.',
    access: readPayments,
    query: z.object({
      paymentId: z.uuid().optional(),
      merchantId: merchantId.optional(),
      cursor: entryId.default(0),
      size,
    }),
    answers: {
      200: {
        summary: 'A page; `next` is the cursor of the following one, null at the end',
        schema: z.object({ items: z.array(entry), next: z.int().nullable() }),
      },
    },
  }),
  accounts: route('GET /ledger/accounts', {
    summary:
      'Debits, credits and balance of each account in each currency, of the own merchant; with `admin:payments` of all or any.',
    access: readPayments,
    query: z.object({ merchantId: merchantId.optional() }),
    answers: {
      200: { summary: 'All that have postings', schema: z.object({ items: z.array(balance) }) },
    },
  }),
}
