import type { Contender } from './contender.ts'
import type { Figures, Turn } from './benchmark.ts'
import type { Lab } from './lab.ts'

/** Measures A B C A B C …, so that what disturbs the machine for a while disturbs all alike. */
export async function inTurns<C extends Pick<Contender, 'name'>>(
  { rounds, say }: Lab,
  contenders: readonly C[],
  measure: (contender: C) => Promise<readonly Figures[]>,
): Promise<readonly Turn[]> {
  const turns: Turn[] = []
  for (let round = 1; round <= rounds; round += 1)
    for (const one of contenders) {
      const figures = await measure(one)
      say(`round ${round}, ${one.name}: ${figures.map(told).join(', ')}`)
      turns.push(...figures.map((found) => ({ contender: one.name, round, ...found })))
    }
  return turns
}

const told = ({ load, completed, seconds, cpuUs }: Figures): string =>
  `${(completed / seconds).toFixed(0)}/s, ${cpuUs?.toFixed(1) ?? '–'} µs (${load})`
