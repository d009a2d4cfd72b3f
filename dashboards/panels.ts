import {
  DashboardBuilder,
  RowBuilder,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

/** One line of a panel: PromQL and how its series are called. */
export interface Line {
  readonly query: string
  readonly legend: string
}

/** One panel, before Grafana's schema. */
export interface Panel {
  readonly title: string
  readonly description: string
  /** Grafana unit, e.g. `reqps`, `percentunit`, `s`, `bytes`, `short`. */
  readonly unit: string
  readonly lines: readonly Line[]
  readonly kind?: 'stat'
}

/** A titled row of panels. */
export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

/** A board as the platform declares it; `uid` is fixed, so that links last. */
export interface Board {
  readonly uid: string
  readonly title: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly rows: readonly Row[]
}

/** Data sources have fixed uids too (infra/observability and the local Grafana provision them). */
const prometheusUid = 'prometheus'

const source = { type: 'prometheus', uid: prometheusUid }
const grid = { width: 8, height: 8, statHeight: 4, columns: 24 }

/** Grafana's JSON of a board: panel ids, ref ids and grid positions are set here, in reading order. */
export function toGrafana(board: Board): Dashboard {
  const builder = new DashboardBuilder(board.title)
    .uid(board.uid)
    .description(board.summary)
    .tags([...board.tags])
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .editable()
  let id = 0
  let y = 0
  for (const row of board.rows) {
    builder.withRow(
      new RowBuilder(row.title).id(++id).gridPos({ x: 0, y: y++, w: grid.columns, h: 1 }),
    )
    row.panels.forEach((panel, index) => {
      const x = (index * grid.width) % grid.columns
      builder.withPanel(
        panelOf(panel)
          .id(++id)
          .gridPos({ x, y, w: grid.width, h: heightOf(panel) }),
      )
      const last = index === row.panels.length - 1
      if (last || x + grid.width === grid.columns) y += heightOf(panel)
    })
  }
  return builder.build()
}

const heightOf = (panel: Panel): number => (panel.kind === 'stat' ? grid.statHeight : grid.height)

function panelOf(panel: Panel): StatBuilder | TimeseriesBuilder {
  const builder = panel.kind === 'stat' ? new StatBuilder() : new TimeseriesBuilder()
  builder.title(panel.title).description(panel.description).unit(panel.unit).datasource(source)
  panel.lines.forEach((line, index) => builder.withTarget(target(line, index)))
  return builder
}

const target = (line: Line, index: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .expr(line.query)
    .legendFormat(line.legend)
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .exemplar(line.query.includes('_bucket'))
    .datasource(source)
