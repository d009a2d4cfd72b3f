import { BigValueGraphMode } from '@grafana/grafana-foundation-sdk/common'
import {
  DashboardLinkType,
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DashboardLink,
  type ValueMap,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder as PromqlBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import {
  DataqueryBuilder as TraceqlBuilder,
  SearchTableType,
} from '@grafana/grafana-foundation-sdk/tempo'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import {
  asksPrometheus,
  type Line,
  type MetricPanel,
  type Panel,
  type State,
  type TracePanel,
} from './board.ts'
import type { Threshold } from '../services/model/board.ts'
import { sourceOf, type Link } from './links.ts'

type Visual = StatBuilder | TimelineBuilder | TableBuilder | TimeseriesBuilder

/** Width and height on a grid of 24 columns. */
const sizes = {
  lines: { w: 8, h: 8 },
  stat: { w: 8, h: 4 },
  stats: { w: 12, h: 6 },
  timeline: { w: 24, h: 10 },
  traces: { w: 12, h: 8 },
}

/** A list of traces is for looking into a few. */
const tracesShown = 20

export const sizeOf = (panel: Panel) => sizes[formOf(panel)]

function formOf(panel: Panel): keyof typeof sizes {
  if (!asksPrometheus(panel)) return 'traces'
  const isCrowded = panel.kind === 'stat' && panel.lines.length > 3
  return isCrowded ? 'stats' : (panel.kind ?? 'lines')
}

/** Grafana's form of a panel, still without its place. */
export function visual(panel: Panel): Visual {
  const builder = asksPrometheus(panel) ? measured(panel) : traced(panel)
  return builder.title(panel.title).description(panel.description)
}

/** In sight: the builder of the package would put links of a board into a menu. */
export const linkTo = ({ title, url }: Link, more: Partial<DashboardLink> = {}) => ({
  build: (): DashboardLink => ({
    title,
    url,
    type: DashboardLinkType.Link,
    icon: '',
    tooltip: '',
    tags: [],
    asDropdown: false,
    targetBlank: false,
    includeVars: false,
    keepTime: false,
    ...more,
  }),
})

function measured(panel: MetricPanel): Visual {
  const builder = emptyOf(panel).unit(panel.unit).datasource(sourceOf('prometheus'))
  panel.lines.forEach((line, index) => builder.withTarget(promql(panel, line, index)))
  if (panel.links) builder.dataLinks(panel.links.map((link) => linkTo(link)))
  builder.thresholds(colored(panel.thresholds ?? calm))
  if (panel.states) builder.mappings([named(panel.states)])
  return builder
}

function emptyOf({ kind }: MetricPanel): StatBuilder | TimelineBuilder | TimeseriesBuilder {
  if (kind === 'stat') return new StatBuilder().graphMode(BigValueGraphMode.None)
  return kind === 'timeline' ? new TimelineBuilder() : new TimeseriesBuilder()
}

/** A present value is asked for once: over time, what looks back 28 days would be read for every dot of a line. */
function promql({ kind }: MetricPanel, { query, legend }: Line, index: number): PromqlBuilder {
  const target = new PromqlBuilder()
    .expr(query)
    .legendFormat(legend)
    .refId(refId(index))
    .datasource(sourceOf('prometheus'))
  return kind === 'stat' ? target.instant() : target.range().exemplar(query.includes('_bucket'))
}

/** A … Z, A1 … */
const refId = (index: number): string =>
  String.fromCharCode('A'.charCodeAt(0) + (index % 26)) + (index < 26 ? '' : Math.floor(index / 26))

function traced({ traceql, unit }: TracePanel): Visual {
  const query = new TraceqlBuilder()
    .refId('A')
    .queryType('traceql')
    .query(traceql)
    .limit(tracesShown)
    .tableType(SearchTableType.Traces)
    .datasource(sourceOf('tempo'))
  const builder = unit === undefined ? new TableBuilder() : new TimeseriesBuilder().unit(unit)
  return builder.datasource(sourceOf('tempo')).withTarget(query)
}

/** Left out, Grafana would paint what is above 80 red. */
const calm: readonly Threshold[] = [{ from: -Infinity, color: 'green' }]

const colored = (thresholds: readonly Threshold[]) =>
  new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(
      thresholds.map(({ from, color }) => ({ value: Number.isFinite(from) ? from : null, color })),
    )

const named = (states: readonly State[]): ValueMap => ({
  type: MappingType.ValueToText,
  options: Object.fromEntries(states.map((state, value) => [String(value), state])),
})
