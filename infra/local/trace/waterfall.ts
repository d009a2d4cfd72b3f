import { barOf, type Scale } from './bar.ts'
import { endUs, isStoreCall, type TraceSpan } from './span.ts'
import { cut, fill, fit, widthOf } from './text-width.ts'
import { treesOf, walk, type Branch } from './tree.ts'

/** Colours a text, or leaves it as it is. */
export type Paint = (
  format: 'red' | 'green' | 'cyan' | 'gray' | 'bold' | 'yellow',
  text: string,
) => string

export interface Look {
  /** Columns of the terminal. */
  readonly width: number
  readonly paint: Paint
  /** Shows every attribute below its span. */
  readonly attributes: boolean
}

const least = { width: 60, bar: 12 }
const durationWidth = 9
/** Clocks of one machine differ by this much between processes; nobody needs to read that. */
const worthSayingUs = 1000

/** A trace as lines: what it is, then one line a span, bars to one scale. */
export function waterfall(spans: readonly TraceSpan[], look: Look): readonly string[] {
  const trees = treesOf(spans)
  const rows = walk(trees)
  const layout = layoutOf(rows, look)
  return [headOf(spans, rows, look), ...rows.flatMap((row) => linesOf(row, layout, look))]
}

interface Row {
  readonly branch: Branch
  readonly depth: number
}

interface Layout {
  readonly service: number
  readonly label: number
  readonly bar: number
  readonly scale: Scale
}

function layoutOf(rows: readonly Row[], look: Look): Layout {
  const width = Math.max(least.width, look.width)
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map(widthOf))
  const service = Math.min(widest(rows.map(({ branch }) => branch.span.service)), 20)
  const half = Math.floor((width - service) / 2)
  const label = Math.min(widest(rows.map(labelOf)), half)
  const bar = Math.max(least.bar, width - service - label - durationWidth - 6)
  return { service, label, bar, scale: scaleOf(rows) }
}

function scaleOf(rows: readonly Row[]): Scale {
  const fromUs = Math.min(...rows.map(({ branch }) => branch.startUs))
  const toUs = Math.max(...rows.map(({ branch }) => branch.startUs + branch.span.durationUs))
  return { fromUs, toUs }
}

function headOf(spans: readonly TraceSpan[], rows: readonly Row[], { paint }: Look): string {
  const { fromUs, toUs } = scaleOf(rows)
  const services = new Set(spans.map(({ service }) => service)).size
  const failed = spans.filter(({ error }) => error !== undefined).length
  const facts = [
    new Date(fromUs / 1000).toISOString(),
    duration(toUs - fromUs),
    counted(spans.length, 'span'),
    counted(services, 'service'),
  ]
  const errors = failed > 0 ? `  ${paint('red', counted(failed, 'error'))}` : ''
  return `${paint('bold', spans[0]?.traceId ?? '')}  ${paint('gray', facts.join('  '))}${errors}`
}

function linesOf(row: Row, layout: Layout, look: Look): readonly string[] {
  const { branch } = row
  const { span } = branch
  const { paint } = look
  const failed = span.error !== undefined
  const bar = barOf(
    { startUs: branch.startUs, durationUs: span.durationUs },
    layout.scale,
    layout.bar,
  )
  const label = fit(labelOf(row), layout.label)
  const line = [
    `  ${paint('cyan', fit(span.service, layout.service))}`,
    failed ? paint('red', label) : label,
    paint(failed ? 'red' : 'green', bar),
    duration(span.durationUs).padStart(durationWidth),
  ].join(' ')
  return [line.trimEnd(), ...notesOf(branch, layout, look)]
}

function notesOf(branch: Branch, layout: Layout, look: Look): readonly string[] {
  const { span, shiftUs, orphan } = branch
  const indent = ' '.repeat(layout.service + 5)
  const room = Math.max(least.width, look.width) - indent.length
  const note = (text: string): string => indent + look.paint('gray', cut(text, room))
  return [
    ...(span.error === undefined
      ? []
      : [indent + look.paint('red', cut(`error: ${span.error}`, room))]),
    ...(orphan ? [note(`its parent ${span.parentId} is not in the store`)] : []),
    ...(Math.abs(shiftUs) >= worthSayingUs
      ? [
          note(
            `moved by ${duration(Math.abs(shiftUs))}: its clock is ${shiftUs > 0 ? 'behind' : 'ahead'}`,
          ),
        ]
      : []),
    ...(look.attributes ? attributesOf(span).map(note) : []),
  ]
}

/** The same in every span of a service; `--json` has them. */
const aboutTheProcess = /^(host|os|process|telemetry)\./

function attributesOf({ attributes }: TraceSpan): readonly string[] {
  const names = Object.keys(attributes)
    .filter((name) => !aboutTheProcess.test(name))
    .sort()
  const widest = Math.max(0, ...names.map((name) => name.length))
  return names.map((name) => `${fill(name, widest)}  ${attributes[name]}`)
}

const labelOf = ({ branch, depth }: Row): string =>
  `${'  '.repeat(depth)}${markOf(branch.span)}${branch.span.name}`

const markOf = (span: TraceSpan): string => {
  if (span.kind === 'producer') return '→ '
  if (span.kind === 'consumer') return `← ${storeOf(span)}`
  return isStoreCall(span) ? storeOf(span) : ''
}

/** A batch consumer's `process` spans carry the attributes of the batch's store call. */
const storeOf = ({ attributes }: TraceSpan): string =>
  attributes['db.system.name'] === undefined ? '' : `db ${attributes['db.system.name']} `

/** `0.3 ms`, `12.4 ms`, `1.25 s`, `2.0 min`. */
export function duration(us: number): string {
  if (us < 100_000) return `${(us / 1000).toFixed(1)} ms`
  if (us < 1_000_000) return `${Math.round(us / 1000)} ms`
  return us < 120_000_000 ? `${(us / 1e6).toFixed(2)} s` : `${(us / 6e7).toFixed(1)} min`
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** Start of the first and end of the last span, in microseconds since the epoch. */
export const timeOf = (spans: readonly TraceSpan[]): { fromUs: number; toUs: number } => ({
  fromUs: Math.min(...spans.map(({ startUs }) => startUs)),
  toUs: Math.max(...spans.map(endUs)),
})
