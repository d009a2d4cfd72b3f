import { appendFile, mkdir, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { table } from '../rendered-tables.ts'
import type { Fault } from './fault.ts'
import type { Trial } from './trial.ts'

/** Trials of earlier runs and of this one, one JSON object a line. */
export interface Results {
  /** All trials that the file holds. */
  all(): Promise<readonly Trial[]>
  add(trial: Trial): Promise<void>
  clear(): Promise<void>
}

export const resultsIn = (file: string): Results => ({
  all: async () => {
    const text = await readFile(file, 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Trial)
  },
  add: async (trial) => {
    await mkdir(dirname(file), { recursive: true })
    await appendFile(file, `${JSON.stringify(trial)}\n`)
  },
  clear: () => rm(file, { force: true }),
})

/** What the trials of one fault, or of all, say together. */
export interface Summary {
  readonly fault: Pick<Fault, 'name' | 'says'>
  readonly trials: number
  readonly failed: number
  readonly acknowledged: number
  /** Upper bound of the failure rate at 95 %: 3/n where none failed (the rule of three), else not said. */
  readonly bound: number | null
  readonly wellMs: { readonly median: number; readonly longest: number } | null
}

export const summaryOf = (fault: Fault, all: readonly Trial[]): Summary =>
  summed(
    fault,
    all.filter((trial) => trial.fault === fault.name),
  )

export const totalOf = (all: readonly Trial[]): Summary =>
  summed({ name: 'all', says: 'all of them together' }, all)

function summed(fault: Summary['fault'], of: readonly Trial[]): Summary {
  const failed = of.filter(({ broken }) => broken.length > 0).length
  const times = of.flatMap(({ wellMs }) => (wellMs === null ? [] : [wellMs])).sort((a, b) => a - b)
  const median = times[Math.floor(times.length / 2)]
  return {
    fault,
    trials: of.length,
    failed,
    acknowledged: of.reduce((sum, trial) => sum + trial.acknowledged, 0),
    bound: of.length > 0 && failed === 0 ? Math.min(1, 3 / of.length) : null,
    wellMs: median === undefined ? null : { median, longest: times.at(-1) ?? median },
  }
}

/** A Markdown table. */
export const pageOf = (summaries: readonly Summary[]): string =>
  table(
    [
      'fault',
      'what happens',
      'trials',
      'failed',
      'failure rate at most',
      'writes and reads acknowledged',
      'well again: median · longest',
    ],
    summaries.map(({ fault, trials, failed, acknowledged, bound, wellMs }) => [
      `\`${fault.name}\``,
      fault.says,
      String(trials),
      String(failed),
      bound === null ? '–' : `${(bound * 100).toFixed(bound < 0.1 ? 1 : 0)} %`,
      String(acknowledged),
      wellMs === null ? '–' : `${seconds(wellMs.median)} s · ${seconds(wellMs.longest)} s`,
    ]),
  )

const seconds = (ms: number): string => (ms / 1000).toFixed(1)
