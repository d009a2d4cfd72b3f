import { adminOffset, type Product } from '../../../services/model/service.ts'
import type { Topology } from '../../../services/model/topology.ts'
import { engines } from '../engines/engines.ts'

/** Where the ports of a product begin; they end where the next hundred begins. */
const ranges: Readonly<Record<Product, number>> = {
  platform: 8101,
  webtoon: 8101,
  payments: 8201,
  social: 8301,
}
const rangeEnd = (from: number): number => Math.ceil(from / 100) * 100

/** The next free port of a product: neither it nor its admin port is anybody's. */
export function nextPort(product: Product, { services }: Topology): number {
  const taken = new Set([
    ...services.flatMap(({ port }) => [port, port + adminOffset]),
    ...Object.values(engines).flatMap(({ ports }) => Object.values(ports)),
  ])
  const from = ranges[product]
  for (let port = from; port < rangeEnd(from); port += 1) {
    if (!taken.has(port) && !taken.has(port + adminOffset)) return port
  }
  throw new Error(`All ports of ${product} (${from} to ${rangeEnd(from) - 1}) are taken.`)
}
