import type { Invariant } from '../../model/invariant.ts'
import { books, gatewayBooks, payments } from '../stores.ts'

/** How many facts, of what sum, and a mark of which they are: sets that differ have other marks. */
const digest = (id: string, amount: string): string =>
  `concat(count(*), ' of ', sum(${amount}), ' (', lower(hex(bit_xor(crc32(concat_ws(' ', ${id}, ${amount}))))), ')') as value`

/** The books balance, and hold what was captured and refunded, no more and no less. */
export const invariants: readonly Invariant[] = [
  {
    name: 'books balance',
    says: 'each fact has one debit and one credit of the same money, and so has each currency',
    unit: 'facts',
    of: {
      store: books,
      seen: `select count(distinct entry_type, business_id) as seen from ledger_entry`,
      broken: `
        select concat('the ', entry_type, ' ', business_id, ' has ', group_concat(side, ' ', account, ' ', amount, ' ',
          currency order by side desc separator ', ')) as what
        from ledger_entry group by entry_type, business_id
        having count(*) <> 2 or count(distinct side) <> 2 or count(distinct account) <> 2
          or min(amount) <> max(amount) or min(currency) <> max(currency)
          or sum(side = 'debit' and account = case entry_type when 'capture' then 'merchant_receivable' else 'cash' end) <> 1
        union all
        select concat(currency, ' has debits of ', sum(case side when 'debit' then amount else 0 end), ' and credits of ',
          sum(case side when 'credit' then amount else 0 end))
        from ledger_entry group by currency
        having sum(case side when 'debit' then amount else -amount end) <> 0`,
    },
  },
  {
    name: 'posted once',
    says: 'books, payments and the gateway have the same captures and refunds, each once',
    unit: 'sums',
    of: {
      places: [
        {
          store: books,
          asks: `select concat(entry_type, 's in ', currency) as name, ${digest('business_id', 'amount')}
            from ledger_entry where account = 'merchant_receivable' group by entry_type, currency`,
        },
        {
          store: payments,
          asks: `select concat('captures in ', currency) as name, ${digest('payment_id', 'captured')}
            from payment where captured > 0 group by currency
            union all
            select concat('refunds in ', currency), ${digest('refund_id', 'refund.amount')}
            from refund join payment using (payment_id) where refund.status = 'REFUNDED' group by currency`,
        },
        {
          store: gatewayBooks,
          asks: `select concat(type, 's in ', currency) as name, ${digest("substring_index(op_key, ':', 1)", 'amount')}
            from call_log where outcome = 'approved' and type in ('capture', 'refund') group by type, currency`,
        },
      ],
    },
  },
]
