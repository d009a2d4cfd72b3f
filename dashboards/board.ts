import type { Color, Threshold } from '../services/model/board.ts'
import type { Product } from '../services/model/service.ts'
import type { Link } from './links.ts'

/** One line of a panel: PromQL and how its series are called. */
export interface Line {
  readonly query: string
  readonly legend: string
}

/** What a number stands for on a timeline. */
export interface State {
  readonly text: string
  readonly color: Color
}

/** Numbers that Prometheus has. */
export interface MetricPanel {
  readonly title: string
  readonly description: string
  /** Grafana unit, e.g. `reqps`, `percentunit`, `s`, `bytes`, `short`. */
  readonly unit: string
  readonly lines: readonly Line[]
  /** `stat`: present values, large. `timeline`: bars of the states that values stand for. Lines over time by default. */
  readonly kind?: 'stat' | 'timeline'
  /** Where a click on a series leads. */
  readonly links?: readonly Link[]
  readonly thresholds?: readonly Threshold[]
  /** States of the values 0, 1, 2 …; timelines only. */
  readonly states?: readonly State[]
}

/** What the trace store knows: a list of traces, or with a unit the numbers of a metrics query over time. */
export interface TracePanel {
  readonly title: string
  readonly description: string
  readonly traceql: string
  readonly unit?: string
}

export type Panel = MetricPanel | TracePanel

/** A titled row of panels. */
export interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

/** A board as the platform declares it; `uid` is fixed, so that links last. */
export interface Board {
  readonly uid: string
  readonly title: string
  readonly product: Product
  readonly summary: string
  readonly rows: readonly Row[]
  /** Beside the menu of all boards. */
  readonly links?: readonly Link[]
}

/** Panels of a board that ask Prometheus. */
export const metricPanels = (board: Board): readonly MetricPanel[] =>
  board.rows.flatMap(({ panels }) => panels).filter(asksPrometheus)

/** Panels of a board that ask the trace store. */
export const tracePanels = (board: Board): readonly TracePanel[] =>
  board.rows.flatMap(({ panels }) => panels).filter((panel) => 'traceql' in panel)

export const asksPrometheus = (panel: Panel): panel is MetricPanel => 'lines' in panel
