import { jsonOption, type Command } from './command.ts'
import { ago, paint, print, printJson, table } from './output.ts'
import { activeAlerts, type ActiveAlert } from '../prometheus-api.ts'
import { prometheusHere } from './prometheus-here.ts'

export function register(program: Command): void {
  program
    .command('alerts')
    .description('list the alerts that fire now, and those that are about to')
    .option(...jsonOption)
    .action(run)
}

async function run(options: { json?: boolean }): Promise<void> {
  const alerts = [...(await activeAlerts(await prometheusHere()))].sort(loudestFirst)
  if (options.json === true) return printJson(alerts)
  if (alerts.length === 0) return print('No alert fires.')
  const head = ['ALERT', 'STATE', 'SEVERITY', 'SERVICE', 'SINCE', 'WHAT']
  print(table([head, ...alerts.map(row)]))
  print('\ndocs/runbook.md has a heading for each.')
}

const order = ['critical', 'warning', 'info']
const rank = ({ state, labels }: ActiveAlert): number =>
  (state === 'firing' ? 0 : order.length) + order.indexOf(labels['severity'] ?? 'info')
const loudestFirst = (one: ActiveAlert, other: ActiveAlert): number =>
  rank(one) - rank(other) || one.activeAt.localeCompare(other.activeAt)

const row = ({ state, labels, annotations, activeAt }: ActiveAlert): string[] => [
  labels['alertname'] ?? '',
  paint(state === 'firing' ? 'red' : 'yellow', state),
  labels['severity'] ?? '',
  labels['service'] ?? '',
  ago(Date.now() - Date.parse(activeAt)),
  annotations['summary'] ?? '',
]
