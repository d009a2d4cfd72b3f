import type { Invariant } from '../../model/invariant.ts'
import { payments } from '../stores.ts'
import { steps } from './states.ts'

const legal = Object.entries(steps).flatMap(([from, to]) => to.map((one) => `'${from}>${one}'`))

/** A payment’s history is a path, and its sums are those of its refunds. */
export const invariants: readonly Invariant[] = [
  {
    name: 'states of payments',
    says: 'every payment came to its state by steps that there are, and owes what its refunds say',
    unit: 'payments',
    of: {
      store: payments,
      seen: `select count(*) as seen from payment`,
      broken: `
        with step as (
          select payment_id, version, status,
            coalesce(lag(status) over (partition by payment_id order by version), 'READY') as was,
            row_number() over (partition by payment_id order by version desc) as latest
          from payment_history
        ), returned as (
          select payment_id, sum(case when status = 'REFUNDED' then amount else 0 end) as refunded,
            sum(case when status <> 'REFUND_FAILED' then amount else 0 end) as reserved
          from refund group by payment_id
        )
        select concat(payment_id, ' went from ', was, ' to ', status) as what from step
        where concat(was, '>', status) not in (${legal.join(', ')})
        union all
        select concat(payment.payment_id, ' is ', payment.status, ', its history ends with ', coalesce(step.status, 'READY'))
        from payment left join step on step.payment_id = payment.payment_id and latest = 1
        where payment.status <> coalesce(step.status, 'READY')
        union all
        select concat(payment_id, ' has ', payment.refunded, ' refunded and ', refund_reserved, ' set aside, its refunds say ',
          coalesce(returned.refunded, 0), ' and ', coalesce(reserved, 0))
        from payment left join returned using (payment_id)
        where payment.refunded <> coalesce(returned.refunded, 0) or refund_reserved <> coalesce(reserved, 0)`,
    },
  },
]
