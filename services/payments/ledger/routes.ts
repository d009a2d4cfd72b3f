import type { Claims } from '../../kit/auth.ts'
import type { Handlers } from '../../kit/http.ts'
import type { Mariadb } from '../../kit/mariadb.ts'
import * as merchant from '../../kit/merchant.ts'
import { adminPayments } from '../scopes.ts'
import type { api } from './api.ts'
import { balancesOf, pageOfEntries, type Entry } from './store.ts'

/** Everything that the ledger answers. */
export const handlers = ({ database }: { database: Mariadb }): Handlers<typeof api> => ({
  entries: async ({ query: { paymentId, cursor, size, ...query }, claims }) => {
    const filter = { paymentId, merchantId: seenBy(claims, query.merchantId) }
    const found = await pageOfEntries(database, filter, { after: cursor, size: size + 1 })
    const items = found.slice(0, size).map(viewOf)
    const next = found.length > size ? (items.at(-1)?.entryId ?? null) : null
    return { status: 200, body: { items, next } }
  },

  accounts: async ({ query, claims }) => {
    const balances = await balancesOf(database, seenBy(claims, query.merchantId))
    const items = balances.map((one) => ({ ...one, balance: one.debits - one.credits }))
    return { status: 200, body: { items } }
  },
})

const seenBy = (claims: Claims | undefined, named: string | undefined): string | undefined =>
  merchant.seenBy({ claims, named, unbound: adminPayments })

const viewOf = ({ occurredAt, postedAt, ...entry }: Entry) => ({
  ...entry,
  occurredAt: occurredAt.toISOString(),
  postedAt: postedAt.toISOString(),
})
