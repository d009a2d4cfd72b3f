import type { Invariant } from '../../model/invariant.ts'
import { gatewayBooks } from '../stores.ts'

/** The gateway’s log says what was charged, whoever asked for it how often. */
export const invariants: readonly Invariant[] = [
  {
    name: 'charged once',
    says: 'the gateway held, took and gave back each sum once, and never more than it held or took',
    unit: 'approvals',
    of: {
      store: gatewayBooks,
      seen: `select count(*) as seen from call_log where outcome = 'approved'`,
      // Each question about a base is answered by the index of its key: joined, groups were made anew for each row.
      broken: `
        with built as (
          select log.type, base_key, sum(log.amount) as amount, count(*) as parts
          from call_log log join operation using (op_key)
          where outcome = 'approved' and base_key is not null group by log.type, base_key
        )
        select concat(op_key, ' was approved ', count(*), ' times') as what
        from call_log where outcome = 'approved' group by type, op_key having count(*) > 1
        union all
        select concat(base_key, ': ', amount, ' were ', case type when 'capture' then 'taken of ' else 'given back of ' end, base)
        from (
          select type, base_key, amount, (select coalesce(sum(amount), 0) from call_log
            where op_key = base_key and outcome = 'approved') as base
          from built
        ) against
        where amount > base
        union all
        select concat(base_key, ' was captured ', parts, ' times') from built where type = 'capture' and parts > 1
        union all
        select concat(base_key, ' was captured and let go') from built
        where type = 'capture' and exists (
          select 1 from call_log where op_key = base_key and outcome in ('voided', 'tombstone'))`,
    },
  },
]
