import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { alertmanagerConfig } from '../../../alerts/alertmanager.ts'
import { ruleFilesOf, type RuleFile } from '../../../alerts/rules.ts'
import { inTimeScale, slownessOf } from '../../../alerts/time-scale.ts'
import { operator } from '../../../services/platform/clients.ts'
import { topology } from '../../../services/topology.ts'
import { drills } from '../../drill/drills.ts'
import { isMeant, type AlertLabels, type Drill } from '../../drill/drill.ts'
import { groundOf, lightUse, usedForAWhile } from '../../drill/ground.ts'
import { receiver } from '../../drill/receiver.ts'
import { runDrill, type Score, type Watch } from '../../drill/run.ts'
import { activeAlerts } from '../prometheus-api.ts'
import { retell } from '../up/retell.ts'
import { up } from '../up/up.ts'
import { supervisorHere } from './checkout.ts'
import { exitCodes, jsonOption, UsageError, type Command } from './command.ts'
import { environment } from './environment.ts'
import { here } from './here.ts'
import { interruption } from './interruption.ts'
import { paint, print, printJson, say } from './output.ts'
import { show } from './progress.ts'
import { prometheusHere } from './prometheus-here.ts'

interface Options {
  readonly realTime?: boolean
  readonly json?: boolean
}

/** Windows, waits and ages take a tenth of their time, so that all drills fit into a coffee break. */
const drillScale = 0.1
/** What a scrape, an evaluation, Alertmanager and a busy machine may take beside the rule itself. */
const graceMs = 30_000

export function register(program: Command): void {
  program
    .command('drill [name...]')
    .description('break the running platform on purpose and see that the right alerts fire')
    .option('--real-time', 'with the rules as they are committed, at their full length')
    .option(...jsonOption)
    .addHelpText(
      'after',
      `\nDrills:\n${drills.map(({ name, says }) => `  ${name}: ${says}`).join('\n')}`,
    )
    .action(run)
}

async function run(names: readonly string[], { realTime, json }: Options): Promise<void> {
  const chosen = names.length === 0 ? drills : names.map(drillNamed)
  const supervisor = supervisorHere()
  const checkout = here()
  const running = new Map((await supervisor.processes()).map(({ name, pid }) => [name, pid]))
  const env = await environment(checkout, running)
  const client = env.clients.find(({ id }) => id === operator.id)
  if (!client) throw new Error(`There is no client ${operator.id}: run ./maru up.`)
  const prometheus = await prometheusHere()
  const scale = realTime === true ? 1 : drillScale
  const files = inTimeScale(ruleFilesOf(topology), scale)
  const folder = join(checkout.where.state, 'drill')
  const heard = await receiver()
  const wish = { topology, where: checkout.where, services: topology.services, observed: true }
  const { ground, heal } = groundOf({
    gateway: env.gateway,
    client,
    kafka: env.kafka.bootstrap,
    supervisor,
    up: async () => void (await up({ ...wish, replicas: {} }, show)),
  })
  const watch: Watch = {
    notices: heard.notices,
    firing: async () =>
      (await activeAlerts(prometheus))
        .filter(({ state }) => state === 'firing')
        .map(({ labels }) => labels),
    deadlineMs: (alert) => slowestOf(files, alert) * 1000 + graceMs,
    ailing: () => ailingOf(env),
  }
  const signal = interruption((code) => code)
  const scores: Score[] = []
  try {
    await tell(folder, files, alertmanagerConfig({ webhook: heard.url, timeScale: scale }))
    await retell(checkout, {
      rules: join(folder, '*.rules.yaml'),
      alertmanager: join(folder, 'alertmanager.yaml'),
    })
    lightUse(ground)
    await usedForAWhile()
    for (const drill of chosen) {
      if (signal.aborted) break
      say(`${drill.name}: ${drill.says}`)
      const score = await runDrill(drill, ground, watch)
      scores.push(score)
      if (json !== true) lines(score).forEach((line) => print(line))
    }
  } finally {
    await heal()
    await retell(checkout, {})
    await heard.close()
    await rm(folder, { recursive: true, force: true })
  }
  const failed = scores.filter(({ passed }) => !passed)
  const complete = scores.length === chosen.length
  process.exitCode = complete && failed.length === 0 ? exitCodes.ok : exitCodes.failed
  if (json === true) return printJson({ ok: process.exitCode === exitCodes.ok, scale, scores })
  print(summary(scores.length, chosen.length, failed.length))
}

const summary = (done: number, wanted: number, failed: number): string =>
  done === wanted && failed === 0
    ? paint('green', `\nAll ${done} drills: the right alerts fired, and no other.`)
    : paint(
        'red',
        `\n${failed} of ${done} drills failed${done < wanted ? `, ${wanted - done} were left out` : ''}.`,
      )

function drillNamed(name: string): Drill {
  const found = drills.find((one) => one.name === name)
  if (found) return found
  throw new UsageError(
    `There is no drill "${name}"; there are ${drills.map((one) => one.name).join(', ')}.`,
  )
}

/** The slowest of the rules that can make an alert, in seconds. @throws Error when none can */
function slowestOf(files: readonly RuleFile[], alert: AlertLabels): number {
  const able = files
    .flatMap(({ rules }) => rules)
    .filter((rule) => {
      const labels = { alertname: rule.alert, ...rule.labels }
      const fixed = Object.entries(alert).filter(([label]) => label in labels)
      return isMeant(labels, Object.fromEntries(fixed))
    })
  if (able.length === 0) throw new Error(`No rule makes the alert ${alert['alertname']}.`)
  return Math.max(...able.map(slownessOf))
}

async function tell(folder: string, files: readonly RuleFile[], telling: unknown): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const { name, rules } of files)
    await writeFile(
      join(folder, `${name}.rules.yaml`),
      stringify({ groups: [{ name: `maru-${name}`, rules }] }),
    )
  await writeFile(join(folder, 'alertmanager.yaml'), stringify(telling))
}

/** The first instance that is not ready, and why. */
async function ailingOf({ services }: Awaited<ReturnType<typeof environment>>) {
  for (const [name, { instances }] of Object.entries(services))
    for (const { admin } of instances) {
      const answer = await fetch(`${admin}/readyz`, { signal: AbortSignal.timeout(5000) }).catch(
        () => undefined,
      )
      if (answer?.status !== 200) return `${name} is not ready`
    }
  return undefined
}

function lines({ drill, passed, fired, recoveredSeconds, problems }: Score): readonly string[] {
  const mark = passed ? paint('green', '✓') : paint('red', '✗')
  const recovered =
    recoveredSeconds === null ? 'not recovered' : `well again after ${recoveredSeconds} s`
  return [
    `${mark} ${drill}: ${recovered}`,
    ...fired.map(
      ({ alert, afterSeconds, withinSeconds }) =>
        `    ${alert} ${afterSeconds === null ? 'was not told' : `told after ${afterSeconds} s`} (within ${withinSeconds} s)`,
    ),
    ...problems.map((problem) => `    ${paint('red', problem)}`),
  ]
}
