import type { Service } from '../../../services/model/service.ts'
import { serviceNamed, type Topology } from '../../../services/model/topology.ts'
import { UsageError } from './command.ts'

/** Services by their names, `rank` or `webtoon/rank`. @throws UsageError that names the near ones */
export const servicesNamed = (all: Topology, names: readonly string[]): readonly Service[] =>
  names.map((name) => asUsage(() => serviceNamed(all, withoutProduct(all, name))))

/** `rank-1` for `webtoon/rank-1` where the product has such a service; other words as they are. */
export function withoutProduct(all: Topology, word: string): string {
  const [product, name = ''] = word.split('/')
  const known = all.services.some(
    (one) => one.product === product && one.name === name.replace(/-\d$/, ''),
  )
  return known ? name : word
}

/** `rank=2` as [rank, 2]. @throws UsageError for anything else */
export function replicasFrom(all: Topology, words: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    words.map((word) => {
      const [, name = '', count = ''] = /^([\w/-]+)=(\d+)$/.exec(word) ?? []
      const number = Number(count)
      if (name === '' || number < 1 || number > 9) {
        throw new UsageError(
          `--replicas wants <service>=<1 to 9>, for example rank=2, not "${word}".`,
        )
      }
      return [servicesNamed(all, [name])[0]?.name ?? name, number]
    }),
  )
}

/** A refusal of what was asked for is a wrong use. */
export function asUsage<Value>(work: () => Value): Value {
  try {
    return work()
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
