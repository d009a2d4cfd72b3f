import { setTimeout as delay } from 'node:timers/promises'
import { v7 as uuid } from 'uuid'
import type { Context } from '../../services/kit/context.ts'
import { mariadb, statement, type Mariadb } from '../../services/kit/mariadb.ts'
import { outbox } from '../../services/kit/outbox.ts'
import { Problem } from '../../services/kit/problem.ts'
import { run } from '../../services/kit/run.ts'
import { controlled } from '../../services/kit/testing/controls.ts'
import { placed, shopOn } from '../../services/kit/testing/shop.ts'
import { epochMs, someSale } from './sales.ts'

export const { orders, seller, shop } = shopOn('mariadb')

/** Sales by when their transactions were committed, in ms of the epoch; and how many came to nothing. */
export interface Sold {
  readonly committed: readonly (readonly [id: string, at: number])[]
  readonly failed: number
}

const tickMs = 2

/**
 * A shop whose events wait in an outbox. `relay` begins to carry them; `fill?count=1000` adds some at once, and
 * `sell?perSecond=500&seconds=8` sells one after the other and says when each sale was committed.
 */
export const sellingWith = (
  relaying: (context: Context<typeof seller>, database: Mariadb) => Promise<void>,
): Promise<void> =>
  run(seller, async (context) => {
    const database = await mariadb(context, orders)
    return controlled(context, {
      relay: () => relaying(context, database),
      fill: (asked) => fill(database, asked('count')),
      sell: (asked) => sell(database, asked('perSecond'), asked('seconds')),
    })
  })

const perInsert = 5000
const insert = statement(
  'bench_fill',
  `insert into outbox (id, topic, \`key\`, payload)
   select uuid(), ?, uuid(), ? from seq_1_to_${perInsert} limit ?`,
)

async function fill(database: Mariadb, count: number): Promise<void> {
  const payload = JSON.stringify(someSale(uuid()))
  for (let left = count; left > 0; left -= perInsert)
    await database.change(insert, [placed.name, payload, Math.min(left, perInsert)])
}

/** At even intervals, whether or not earlier ones are through. */
async function sell(database: Mariadb, perSecond: number, seconds: number): Promise<Sold> {
  const sales: Promise<readonly [string, number] | undefined>[] = []
  const began = performance.now()
  while (sales.length < perSecond * seconds) {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond)
    while (sales.length < Math.min(due, perSecond * seconds)) sales.push(one(database))
    await delay(tickMs)
  }
  const committed = (await Promise.all(sales)).filter((sale) => sale !== undefined)
  return { committed, failed: sales.length - committed.length }
}

async function one(database: Mariadb): Promise<readonly [string, number] | undefined> {
  const id = uuid()
  try {
    await database.transaction((tx) => outbox.add(tx, placed, { key: id, value: someSale(id) }))
    return [id, epochMs()]
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}
