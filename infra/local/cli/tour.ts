import { join } from 'node:path'
import { operator } from '../../../services/platform/clients.ts'
import { titlesIn } from '../tour/titles.ts'
import { stage } from '../tour/stage.ts'
import { tour } from '../tour/tour.ts'
import { traceStore } from '../trace/choose.ts'
import { supervisorHere } from './checkout.ts'
import { here } from './here.ts'
import { jsonOption, type Command } from './command.ts'
import { clientOf, environment } from './environment.ts'
import { paint, print, printJson, say } from './output.ts'

export function register(program: Command): void {
  program
    .command('tour')
    .description('drive the running platform with real titles: rankings, searches, traces')
    .option(...jsonOption)
    .action(run)
}

async function run({ json }: { json?: boolean }): Promise<void> {
  const began = performance.now()
  supervisorHere()
  const checkout = here()
  const env = await environment(checkout, new Map())
  const seen = await tour(
    {
      gateway: env.gateway,
      client: clientOf(env, operator.id),
      traces: traceStore(env.traces),
      titles: titlesIn(join(checkout.where.root, 'services/webtoon/titles.ndjson')),
    },
    stage({
      paint,
      width: (process.stdout.columns ?? 118) - 2,
      write: json === true ? say : print,
    }),
  )
  const seconds = (performance.now() - began) / 1000
  if (json === true) return printJson({ ok: true, seconds, ...seen })
  print(`\n${paint('green', `All of it was seen, in ${seconds.toFixed(0)} s.`)} Now try:`)
  for (const line of suggestions(seen.traces.event.traceId)) print(`  ${line}`)
}

const suggestions = (traceId: string): readonly string[] => [
  `./maru trace ${traceId} --attributes`,
  './maru trace find --service search --min-ms 20',
  './maru logs rank -f',
  './maru env --json',
  './maru dev rank',
]
