import { z } from 'zod'
import { service } from '../../model/service.ts'
import { store, type Store } from '../../model/store.ts'
import { consume, deadLetterTopic, topic } from '../../model/topic.ts'
import { topology } from '../../model/topology.ts'
import type { Context } from '../context.ts'
import { kafka, type Publisher } from '../kafka.ts'
import { mariadb } from '../mariadb.ts'
import { postgres } from '../postgres.ts'
import type { Database, SqlEngine } from '../sql.ts'
import type { Bench } from '../testing.ts'

const orderSchema = z.object({ id: z.string(), amount: z.number(), note: z.string().optional() })
export type Order = z.infer<typeof orderSchema>

const declared = {
  summary: 'Orders.',
  key: 'id',
  type: 'shop.order.placed.v1',
  retentionDays: 1,
} as const

export const lostOrders = deadLetterTopic('shop.orders.v1.dlq', { ...declared, partitions: 1 })

export const placed = topic('shop.orders.v1', {
  ...declared,
  schema: orderSchema,
  partitions: 3,
  deadLetters: lostOrders,
})

/** Declared, but never made on the broker. */
export const missing = topic('shop.missing.v1', { ...declared, schema: orderSchema })

const slo = { availability: 99, latency: { p95Ms: 100 } }

/** A made-up shop on an engine: what the kit's own tests run, so that they depend on no product. */
export function shopOn<Engine extends SqlEngine>(engine: Engine) {
  const orders = store(engine, 'orders', { summary: 'Orders and the outbox of their events.' })
  const parcels = store(engine, 'parcels', { summary: 'Parcels and the inbox.' })
  const seller = service({
    name: 'seller',
    product: 'platform',
    summary: 'Takes orders.',
    port: 22001,
    stores: [orders],
    publishes: [placed],
    slo,
  })
  const sender = service({
    name: 'sender',
    product: 'platform',
    summary: 'Sends parcels.',
    port: 22002,
    stores: [parcels],
    consumes: [consume(placed, 'sender')],
    slo,
  })
  return { orders, parcels, seller, sender, shop: topology([seller, sender], []) }
}

export const { orders, parcels, seller, sender, shop } = shopOn('postgres')

/** Opens a SQL store, whatever its engine. */
export const opened = (context: Context, one: Store<SqlEngine>): Promise<Database> =>
  one.engine === 'mariadb'
    ? mariadb(context, one as Store<'mariadb'>)
    : postgres(context, one as Store<'postgres'>)

/** A `start` that keeps nothing but runs `compose`. */
export const composed =
  <C extends Context>(compose: (context: C) => Promise<void>) =>
  async (context: C): Promise<{ url: string }> => {
    await compose(context)
    return { url: '' }
  }

/** A message of an order. */
export const order = (id: string, rest: Partial<Order> = {}) => ({
  key: id,
  value: { id, amount: 1, ...rest },
})

/** Starts a seller and hands out its publisher. */
export async function publisherOf(where: Bench): Promise<Publisher> {
  let made: Publisher | undefined
  const start = composed(async (context: Context<typeof seller>) => {
    made = await kafka(context).publisher()
  })
  await where.start(seller, start)
  return made as unknown as Publisher
}
