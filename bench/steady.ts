import type { Figures } from './benchmark.ts'
import { measured, type Contender } from './contender.ts'
import { openLoop, type Answers, type Shot } from './open-loop.ts'

/** Connections are made and caches filled before anything counts. */
const discardedSeconds = 2

/** A load that comes as it comes, and what a contender uses under it. */
export async function steady(
  contender: Contender,
  stores: readonly number[],
  load: { perSecond: number; seconds: number; shot: (n: number) => Shot },
): Promise<Figures> {
  const { perSecond, seconds, shot } = load
  const during = (s: number) =>
    openLoop({
      origin: contender.url,
      perSecond,
      seconds: s,
      shot: (n) => ({ ...shot(n), of: '' }),
    })
  await during(discardedSeconds)
  return measured(contender, stores, async () => {
    const answers = (await during(seconds)).get('')
    return { load: `open, ${perSecond}/s`, seconds, ...figuresOf(answers) }
  })
}

const figuresOf = (answers: Answers | undefined): Omit<Figures, 'load' | 'seconds'> => {
  if (!answers) return { completed: 0, failed: 0 }
  const { good, others, p50, p95, p99, max } = answers
  const failed = Object.values(others).reduce((sum, count) => sum + count, 0)
  return { completed: good, failed, latencyMs: { p50, p95, p99, max } }
}
