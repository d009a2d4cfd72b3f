import { boardsOf } from '../../../dashboards/boards.ts'
import {
  asksPrometheus,
  type Board,
  type MetricPanel,
  type Row,
} from '../../../dashboards/board.ts'
import { topology } from '../../../services/topology.ts'
import { jsonOption, UsageError, type Command } from './command.ts'
import { paint, print, printJson, table } from './output.ts'
import { instant, type Sample } from '../prometheus-api.ts'
import { prometheusHere } from './prometheus-here.ts'

export function register(program: Command): void {
  program
    .command('board [name]')
    .description('print the present values of a dashboard, or the names of all')
    .option(...jsonOption)
    .action(run)
}

async function run(name: string | undefined, options: { json?: boolean }): Promise<void> {
  const boards = boardsOf(topology)
  if (name === undefined) return showNames(boards, options)
  const board = boards.find(({ uid }) => uid === name || shortOf(uid) === name)
  if (!board)
    throw new UsageError(
      `There is no board "${name}"; there are ${boards.map(({ uid }) => shortOf(uid)).join(', ')}.`,
    )
  const prometheus = await prometheusHere()
  const rows = await Promise.all(board.rows.map((row) => measuredRow(prometheus, row)))
  if (options.json === true) return printJson({ uid: board.uid, title: board.title, rows })
  show(board, rows)
}

/** Traces are for ./maru trace. */
const measuredRow = async (prometheus: string, { title, panels }: Row) => ({
  title,
  panels: await Promise.all(
    panels.filter(asksPrometheus).map((panel) => measured(prometheus, panel)),
  ),
})

function showNames(boards: readonly Board[], { json }: { json?: boolean }): void {
  const named = boards.map(({ uid, title, summary }) => ({ name: shortOf(uid), title, summary }))
  if (json === true) return printJson(named)
  print(table(named.map(({ name, title }) => [name, title])))
}

const shortOf = (uid: string): string => uid.replace(/^maru-/, '')

async function measured(prometheus: string, { title, unit, lines, states }: MetricPanel) {
  const found = await Promise.all(
    lines.map(async ({ query, legend }) =>
      (await instant(prometheus, query)).map((sample) => ({
        legend: legendOf(legend, sample),
        value: Number.isFinite(sample.value) ? sample.value : null,
        ...(states && { state: states[sample.value]?.text }),
      })),
    ),
  )
  return { title, unit, series: found.flat() }
}

/** Grafana's own form: `{{label}}`. */
const legendOf = (legend: string, { labels }: Sample): string =>
  legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '')

type Measured = Awaited<ReturnType<typeof measured>>

function show(
  board: Board,
  rows: readonly { readonly title: string; readonly panels: readonly Measured[] }[],
): void {
  print(paint('bold', board.title))
  for (const { title, panels } of rows.filter((row) => row.panels.length > 0)) {
    print(`\n${paint('bold', title)}`)
    print(table(panels.flatMap(linesOf)))
  }
}

function linesOf({ title, unit, series }: Measured): string[][] {
  if (series.length === 0) return [[title, '', 'no data']]
  return series.map(({ legend, value, state }, at) => [
    at === 0 ? title : '',
    legend,
    state ?? shown(value, unit),
  ])
}

const perSecond = new Set(['reqps', 'ops', 'rps', 'wps'])

/** Values as a person reads them; the units are Grafana's. */
function shown(value: number | null, unit: string): string {
  if (value === null) return '-'
  if (unit === 's') return value < 1 ? `${digits(value * 1000)} ms` : `${digits(value)} s`
  if (unit === 'percent') return `${digits(value)} %`
  if (unit === 'percentunit') return `${digits(value * 100)} %`
  if (unit === 'bytes') return `${digits(value / 1_048_576)} MB`
  return perSecond.has(unit) ? `${digits(value)} /s` : digits(value)
}

const digits = (value: number): string => String(Number(value.toPrecision(4)))
