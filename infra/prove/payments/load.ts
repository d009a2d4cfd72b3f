import { randomUUID } from 'node:crypto'
import type { Random } from '../../../services/kit/testing/random.ts'
import type { Ground } from '../../drill/drill.ts'
import type { Load, Op } from '../history.ts'
import { clientAt, type Kind } from './client.ts'
import { gathered, settled } from './evidence.ts'
import { wrongs } from './judge.ts'
import { sell, wants, type Sale } from './sale.ts'

const perSecond = { sale: 8, read: 4 }
/** While so many are under way none is begun: a machine that is behind would never catch up. */
const mostAtOnce = 60
const endsWithinMs = 60_000

/** Sales of a merchant of its own: a fifth each is kept, captured by hand, voided, refunded and refunded in parts. */
export function drive(ground: Ground, random: Random): Load<Kind> {
  const merchantId = `PROVE-${randomUUID().slice(0, 8)}`
  const since = Date.now()
  const ops: Op<Kind>[] = []
  const sales: Sale[] = []
  const underWay = new Set<Promise<unknown>>()
  const client = clientAt(ground, ops, random)
  const begin = async (work: Promise<unknown>): Promise<void> => {
    underWay.add(work)
    await work.finally(() => underWay.delete(work))
  }
  const heals = [
    ground.repeat(perSecond.sale, async () => {
      if (underWay.size >= mostAtOnce) return
      const sale = saleOf(merchantId, sales.length, random)
      sales.push(sale)
      await begin(sell(client, sale, random))
    }),
    ground.repeat(perSecond.read, () =>
      begin(client.ask('read', `GET /api/payments?merchantId=${merchantId}&size=5`)),
    ),
  ]
  return {
    ops,
    stop: async () => {
      await Promise.all(heals.map((heal) => heal()))
      client.giveUp(performance.now() + endsWithinMs)
      await Promise.all(underWay)
    },
    judged: async (platform) => {
      const late = await settled(platform, merchantId)
      return [...late, ...wrongs(sales, await gathered(platform, { merchantId, since }))]
    },
  }
}

const saleOf = (merchantId: string, n: number, random: Random): Sale => ({
  merchantId,
  key: `sale-${n}`,
  amount: 100 + Math.floor(random() * 100_000),
  currency: n % 7 === 0 ? 'USD' : 'KRW',
  want: wants[n % wants.length] ?? 'kept',
  finals: [],
  refunds: [],
})
