import { globSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from './report.ts'

/** Runs of loads, each a folder of its own with what k6 told and what was made of it. */
export interface Runs {
  /** The latest of the same load and shape. */
  last(of: Pick<Report, 'load' | 'shape'>): Report | undefined
  /** Makes the folder of a run. */
  open(of: Pick<Report, 'load' | 'date'>): Promise<{
    readonly folder: string
    /** Where k6 writes what it counted. */
    readonly summary: string
    keep(report: Report): Promise<void>
  }>
}

/** @param state of the checkout */
export function runsIn(state: string): Runs {
  const of = (load: string): string => join(state, 'load', load)
  return {
    last: ({ load, shape }) =>
      globSync('*/report.json', { cwd: of(load) })
        .map((file) => JSON.parse(readFileSync(join(of(load), file), 'utf8')) as Report)
        .filter((report) => report.shape === shape)
        .toSorted((a, b) => a.date.localeCompare(b.date))
        .at(-1),
    open: async ({ load, date }) => {
      const folder = join(of(load), date.replaceAll(':', '-'))
      await mkdir(folder, { recursive: true })
      return {
        folder,
        summary: join(folder, 'summary.json'),
        keep: (report) =>
          writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`),
      }
    },
  }
}
