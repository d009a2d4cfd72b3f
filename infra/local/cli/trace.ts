import { topology as all } from '../../../services/topology.ts'
import { frontDoorOf } from '../addresses.ts'
import { lastOf, linkedTraces, rootOf, traceStore } from '../trace/choose.ts'
import { settled } from '../trace/settled.ts'
import type { TraceSpan } from '../trace/span.ts'
import type { TraceStore } from '../trace/store.ts'
import { duration, timeOf, waterfall } from '../trace/waterfall.ts'
import { supervisorHere } from './checkout.ts'
import { here } from './here.ts'
import { jsonOption, UsageError, type Command } from './command.ts'
import { traces } from './environment.ts'
import { number } from './number.ts'
import { paint, print, printJson, table } from './output.ts'
import { withoutProduct } from './services.ts'

interface Options {
  readonly payment?: string
  readonly service?: string
  readonly error?: boolean
  readonly minMs?: number
  readonly tag: readonly (readonly [string, string])[]
  readonly limit: number
  readonly minutes: number
  readonly attributes?: boolean
  readonly links?: number
  readonly json?: boolean
}

const linksShown = 3
/** What services note on the spans of a payment. */
const paymentTag = 'payment.id'
/** How long to wait for an id that the store does not know: its spans may be on their way. */
const unknownWithinMs = 3000

export function register(program: Command): void {
  program
    .command('trace [what]')
    .description('show a trace as a waterfall: an id, `last`, or `find` to search')
    .option('--payment <id>', 'every trace of this payment, the oldest first')
    .option('--service <name>', 'find: with a span of this service', serviceName)
    .option('--error', 'find: with a span that failed')
    .option('--min-ms <ms>', 'find: with a span that took this long', number)
    .option('--tag <key=value>', 'find: with a span that has this attribute (repeatable)', tag, [])
    .option('--limit <count>', 'find: at most so many, newest first', number, 20)
    .option('--minutes <count>', 'find: how far back to look', number, 60)
    .option('--attributes', 'show the attributes of every span')
    .option('--links <count>', `how many linked traces to show below (${linksShown})`, number)
    .option(...jsonOption)
    .addHelpText('after', examples)
    .action(run)
}

const examples = `
Examples:
  ./maru trace last --attributes
  ./maru trace find --service rank --min-ms 100
  ./maru trace --payment 0199f1c2-6a3e-7c11-9d0b-5b8f0f6f2a11 --minutes 600
  ./maru trace find --error --tag http.route=/catalog/upsert`

async function run(what: string | undefined, options: Options): Promise<void> {
  if ((what === undefined) === (options.payment === undefined))
    throw new UsageError('trace wants either an id, last or find, or --payment <id>.')
  // Without it the port could be somebody else's by now.
  supervisorHere()
  const { installation, topology } = here()
  const store = traceStore(traces(installation))
  if (what === undefined) return ofPayment(store, options)
  if (what === 'find') return find(store, options)
  const spans =
    what === 'last' ? await last(store, frontDoorOf(topology).name) : await byId(store, what)
  await show(store, spans, options)
}

async function last(store: TraceStore, frontDoor: string): Promise<readonly TraceSpan[]> {
  const found = await lastOf(store, frontDoor)
  if (!found) {
    throw new Error(
      `The trace store has no trace of a request to the ${frontDoor} yet: send one, or run ./maru tour.`,
    )
  }
  return settled(store, found[0]?.traceId ?? '', { deadlineMs: unknownWithinMs })
}

async function byId(store: TraceStore, what: string): Promise<readonly TraceSpan[]> {
  const id = what.toLowerCase()
  if (!/^[0-9a-f]{32}$/.test(id)) {
    throw new UsageError(
      `"${what}" is no trace id (32 hexadecimal digits, as in the header X-Trace-Id), and neither last nor find.`,
    )
  }
  const spans = await settled(store, id, { deadlineMs: unknownWithinMs })
  if (spans.length === 0) {
    throw new Error(
      `The trace store (${store.kind}) has no trace ${id}: it was not sampled, or it is so old that ` +
        'it was dropped. ./maru trace find lists what is there.',
    )
  }
  return spans
}

/** A payment is asked for, captured and refunded by requests of their own; batches that they link to stand below. */
async function ofPayment(store: TraceStore, options: Options): Promise<void> {
  const { payment = '', limit, minutes } = options
  const tags = [[paymentTag, payment]] as const
  const found = await store.find({ tags, limit, withinMs: minutes * 60_000 })
  const linked = new Set(found.flatMap(linkedTraces))
  const own = found.filter(([span]) => !linked.has(span?.traceId ?? '')).reverse()
  if (own.length === 0)
    throw new Error(`No trace of the last ${minutes} minutes is of a payment ${payment}.`)
  const links = options.links ?? 0
  if (options.json === true)
    return printJson(await Promise.all(own.map((spans) => whole(store, spans, links))))
  for (const [at, spans] of own.entries()) {
    if (at > 0) print()
    await show(store, spans, { ...options, links })
  }
}

/** A trace with the first of those that it links to. */
async function whole(store: TraceStore, spans: readonly TraceSpan[], links: number) {
  const shown = linkedTraces(spans).slice(0, links)
  const linked = await Promise.all(shown.map((id) => store.spansOf(id)))
  return { traceId: spans[0]?.traceId, spans, linked }
}

async function show(
  store: TraceStore,
  spans: readonly TraceSpan[],
  options: Options,
): Promise<void> {
  const all = linkedTraces(spans)
  const trace = await whole(store, spans, options.links ?? linksShown)
  if (options.json === true) return printJson(trace)
  const below = trace.linked
  const look = { width: terminalWidth(), paint, attributes: options.attributes === true }
  for (const line of waterfall(spans, look)) print(line)
  for (const [at, linked] of below.entries()) {
    print()
    if (linked.length === 0) print(`linked: ${all[at]} is not in the store`)
    else waterfall(linked, look).forEach((line, n) => print(n === 0 ? `linked: ${line}` : line))
  }
  const more = all.length - below.length
  if (more > 0) print(paint('gray', `\n${more} more linked: --links=${all.length} shows all`))
}

async function find(store: TraceStore, options: Options): Promise<void> {
  const { service, error, minMs, tag: tags, limit, minutes } = options
  const found = await store.find({ service, error, minMs, tags, limit, withinMs: minutes * 60_000 })
  if (options.json === true) return printJson(found.map(summaryOf))
  if (found.length === 0) return print(`No trace of the last ${minutes} minutes fits.`)
  const head = ['TRACE', 'STARTED', 'TOOK', 'SPANS', 'ERRORS', 'ROOT']
  print(table([head, ...found.map(summaryOf).map(rowOf)]))
}

const summaryOf = (spans: readonly TraceSpan[]) => {
  const { fromUs, toUs } = timeOf(spans)
  const root = rootOf(spans)
  return {
    traceId: root?.traceId ?? '',
    started: new Date(fromUs / 1000).toISOString(),
    durationMs: (toUs - fromUs) / 1000,
    spans: spans.length,
    errors: spans.filter(({ error }) => error !== undefined).length,
    services: [...new Set(spans.map(({ service }) => service))],
    root: `${root?.service} ${root?.name}`,
  }
}

const rowOf = (one: ReturnType<typeof summaryOf>): string[] => [
  one.traceId,
  one.started,
  duration(one.durationMs * 1000),
  String(one.spans),
  one.errors > 0 ? paint('red', String(one.errors)) : '0',
  one.root,
]

/** Where nobody looks (a file, a pipe) lines may be as long as they are in a wide terminal. */
const terminalWidth = (): number =>
  process.stdout.columns ?? (Number(process.env['COLUMNS']) || 120)

const serviceName = (word: string): string => withoutProduct(all, word)

function tag(text: string, before: readonly (readonly [string, string])[]) {
  const at = text.indexOf('=')
  if (at < 1)
    throw new UsageError(`--tag wants key=value, for example http.route=/search, not "${text}".`)
  return [...before, [text.slice(0, at), text.slice(at + 1)] as const]
}
