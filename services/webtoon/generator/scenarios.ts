import { chanceOf, intChance } from './chance.ts'

/** What a run imitates. */
export const scenarios = ['NORMAL', 'BURST', 'POPULAR_BIAS', 'RANDOM_SPIKE'] as const
export type Scenario = (typeof scenarios)[number]

/** BURST: every 20 s, from the 5th second on, 5 s of four times the rate. */
export const burst = { everyMs: 20_000, fromMs: 5_000, lastsMs: 5_000, times: 4 }

/** RANDOM_SPIKE: in every 10 s, for 4 s, one title takes 60 % of all events. */
export const spike = { everyMs: 10_000, lastsMs: 4_000, share: 0.6 }

/** POPULAR_BIAS: title k gets a share proportional to 1 / k^s (Zipf), so `w-001` leads. */
export const zipfExponent = 1

/** The most that a scenario multiplies the rate by. */
export const peakOf = (scenario: Scenario): number => (scenario === 'BURST' ? burst.times : 1)

/**
 * How many events are due `elapsedMs` after the start: the integral of the rate, rounded down.
 * @param eps events per second outside of bursts
 */
export function due(scenario: Scenario, eps: number, elapsedMs: number): number {
  const extraMs = scenario === 'BURST' ? burstMs(elapsedMs) * (burst.times - 1) : 0
  // A sum of products of whole numbers stays exact; the division comes last.
  return Math.floor((eps * (elapsedMs + extraMs)) / 1000)
}

/** How long bursts have lasted so far. */
function burstMs(elapsedMs: number): number {
  const periods = Math.floor(elapsedMs / burst.everyMs)
  const inThis = (elapsedMs % burst.everyMs) - burst.fromMs
  return periods * burst.lastsMs + Math.min(burst.lastsMs, Math.max(0, inThis))
}

/** The title (1 … pool) that has a spike at that moment. */
export function spikeAt(elapsedMs: number, pool: number, seed: number): number | undefined {
  const period = Math.floor(elapsedMs / spike.everyMs)
  const startMs = chanceOf(seed, 2 * period, 'spike') * (spike.everyMs - spike.lastsMs)
  const inThis = elapsedMs - period * spike.everyMs
  const spiking = inThis >= startMs && inThis < startMs + spike.lastsMs
  return spiking ? intChance(chanceOf(seed, 2 * period + 1, 'spike'), pool) : undefined
}

/** Picks the title (1 … pool) of one event from a chance in [0, 1). */
export type Picker = (chance: number, elapsedMs: number) => number

/** How a scenario chooses titles. */
export function pickerOf(scenario: Scenario, pool: number, seed: number): Picker {
  if (scenario === 'POPULAR_BIAS') return zipf(pool)
  if (scenario !== 'RANDOM_SPIKE') return (chance) => intChance(chance, pool)
  return (chance, elapsedMs) => {
    const title = spikeAt(elapsedMs, pool, seed)
    if (title === undefined) return intChance(chance, pool)
    return chance < spike.share
      ? title
      : intChance((chance - spike.share) / (1 - spike.share), pool)
  }
}

/** Zipf's law by a table of running sums: a pick is a binary search. */
function zipf(pool: number): Picker {
  const sums = new Float64Array(pool)
  let sum = 0
  for (let rank = 1; rank <= pool; rank += 1) sums[rank - 1] = sum += rank ** -zipfExponent
  return (chance) => {
    const wanted = chance * sum
    let [low, high] = [0, pool - 1]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((sums[middle] as number) > wanted) high = middle
      else low = middle + 1
    }
    return low + 1
  }
}
