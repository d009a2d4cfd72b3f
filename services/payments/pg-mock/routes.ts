import type { Handlers } from '../../kit/http.ts'
import type { Mariadb } from '../../kit/mariadb.ts'
import { Problem } from '../../kit/problem.ts'
import type { api } from './api.ts'
import type { Behaviours } from './behaviour.ts'
import type { Gateway } from './gateway.ts'
import { callsAfter, operationOf, type Operation } from './store.ts'

/** Everything that the gateway answers. */
export function handlers(
  parts: Gateway & { database: Mariadb; behaving: Behaviours },
): Handlers<typeof api> {
  const { database, behaving, operate, voided } = parts
  return {
    authorize: async ({ body }) => {
      const wish = { ...body, type: 'authorize', baseKey: null } as const
      return decided(await operate(wish))
    },
    capture: async ({ body: { authorization, ...rest } }) => {
      const wish = { ...rest, type: 'capture', baseKey: authorization, merchantId: null } as const
      return decided(await operate(wish))
    },
    refund: async ({ body: { capture, ...rest } }) => {
      const wish = { ...rest, type: 'refund', baseKey: capture, merchantId: null } as const
      return decided(await operate(wish))
    },
    void: async ({ body: { key } }) => decided(await voided(key)),
    query: async ({ params: { key } }) => {
      const operation = await operationOf(database, key)
      if (operation) return decided(operation)
      throw new Problem(404, 'PG_NOT_FOUND', `Nothing was decided about ${key}.`)
    },
    calls: async ({ query: { after, size } }) => {
      const rows = await callsAfter(database, { after, size: size + 1 })
      const items = rows.slice(0, size).map(({ at, ...row }) => ({ ...row, at: at.toISOString() }))
      const next = rows.length > size ? (items.at(-1)?.id ?? null) : null
      return { status: 200, body: { items, next } }
    },
    behaviours: () => ({ status: 200, body: behaving.all() }),
    behave: ({ params: { call }, body }) => ({ status: 200, body: behaving.change(call, body) }),
  }
}

function decided({ key, type, result, code, at, ...rest }: Operation) {
  const { amount, currency, approvalNumber, transactionId } = rest
  const money = { amount, currency, approvalNumber, transactionId }
  return { status: 200, body: { key, type, result, code, ...money, at: at.toISOString() } }
}
