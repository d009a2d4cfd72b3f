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
      broken: `
        with approved as (
          select type, op_key, sum(amount) as amount, count(*) as times
          from call_log where outcome = 'approved' group by type, op_key
        ), built as (
          select approved.type, base_key, sum(approved.amount) as amount, count(*) as parts
          from approved join operation on operation.op_key = approved.op_key
          where base_key is not null group by approved.type, base_key
        )
        select concat(op_key, ' was approved ', times, ' times') as what from approved where times > 1
        union all
        select concat(base_key, ': ', built.amount, ' were ',
          case built.type when 'capture' then 'taken of ' else 'given back of ' end, base.amount)
        from built join approved base on base.op_key = base_key where built.amount > base.amount
        union all
        select concat(base_key, ' was captured ', parts, ' times') from built where type = 'capture' and parts > 1
        union all
        select concat(base_key, ' was captured and let go') from built
        where type = 'capture'
          and exists (select 1 from call_log where op_key = base_key and outcome in ('voided', 'tombstone'))`,
    },
  },
]
