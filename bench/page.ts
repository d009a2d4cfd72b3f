import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Benchmark } from './benchmark.ts'
import { benchmarks } from './benchmarks.ts'
import { figureRows, subjectOf, verdictRows, wantedOf, type Result } from './report.ts'

export const resultFile = (root: string, name: string): string =>
  join(root, 'bench/results', `${name}.json`)

/** The results that are kept, for `docs/performance.md`. @param table draws rows, the first of which is the head */
export const resultsText = (
  root: string,
  table: (head: readonly string[], rows: readonly (readonly string[])[]) => string,
): string =>
  benchmarks
    .map((one) => {
      const file = resultFile(root, one.name)
      const result = existsSync(file)
        ? (JSON.parse(readFileSync(file, 'utf8')) as Result)
        : undefined
      return sectionOf(one, result, ([head = [], ...rows]) => table(head, rows))
    })
    .join('\n\n')

type Draw = (rows: readonly (readonly string[])[]) => string

export function sectionOf(
  { name, summary, goals }: Benchmark,
  result: Result | undefined,
  draw: Draw,
): string {
  const title = `### \`./maru bench ${name}\`\n\n${capital(summary)}.`
  const wanted = [['', 'wanted'], ...goals.map((goal) => [subjectOf(goal), wantedOf(goal)])]
  if (!result) return `${title} Not measured yet.\n\n${draw(wanted)}`
  return [
    `${title} ${circumstances(result)}`,
    draw(verdictRows(result.verdicts)),
    draw(figureRows(result.turns)),
  ].join('\n\n')
}

function circumstances({ command, date, commit, host, versions }: Result): string {
  const { cpu, cores, memoryGiB, kernel, node, stealPercent } = host
  const parts = Object.entries(versions).map(([what, version]) => `${what} ${version}`)
  return [
    `\`${command}\` on ${date.slice(0, 10)} at ${commit}:`,
    `${cores} cores of ${cpu}, ${memoryGiB} GiB, Linux ${kernel}, ${stealPercent} % stolen;`,
    `${[`Node ${node}`, ...parts].join(', ')}.`,
  ].join(' ')
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
