import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { alertmanagerConfig } from '../../../alerts/alertmanager.ts'
import { ruleFilesOf, type RuleFile } from '../../../alerts/rules.ts'
import { inTimeScale, slownessOf } from '../../../alerts/time-scale.ts'
import { load } from '../../../services/payments/clients.ts'
import pgMock from '../../../services/payments/pg-mock/service.ts'
import { operator } from '../../../services/platform/clients.ts'
import { isMeant, type AlertLabels, type Ground } from '../../drill/drill.ts'
import { groundOf } from '../../drill/ground.ts'
import { receiver } from '../../drill/receiver.ts'
import type { Watch } from '../../drill/run.ts'
import { frontDoorOf } from '../addresses.ts'
import { activeAlerts } from '../prometheus-api.ts'
import { retell } from '../up/retell.ts'
import { up } from '../up/up.ts'
import { supervisorHere } from './checkout.ts'
import { clientOf, environment, type Environment } from './environment.ts'
import { here } from './here.ts'
import { quiet } from './progress.ts'
import { prometheusHere } from './prometheus-here.ts'

/** What a scrape, an evaluation, Alertmanager and a busy machine may take beside the rule itself. */
const graceMs = 30_000
const answerWithinMs = 2000

/**
 * What runs in this checkout, to be broken. Whoever is killed meanwhile leaves nothing standing still.
 * @param restarted told when something that was stopped has been started again
 * @throws EnvironmentError when nothing runs
 */
export async function groundHere(restarted: () => Promise<void> = async () => undefined) {
  const supervisor = supervisorHere()
  const { topology, where, installation } = here()
  const running = new Map((await supervisor.processes()).map(({ name, pid }) => [name, pid]))
  const env = await environment({ topology, where, installation }, running)
  const tilled = groundOf({
    gateways: (env.services[frontDoorOf(topology).name]?.instances ?? []).map(({ url }) => url),
    client: clientOf(env, operator.id),
    payer: clientOf(env, load.id),
    kafka: env.kafka.bootstrap,
    redis: env.redis.url,
    opensearch: env.opensearch.url,
    pgMock: env.services[pgMock.name]?.instances[0]?.url,
    supervisor,
    up: async () => {
      const wish = { topology, where, services: topology.services, observed: true, replicas: {} }
      await up(wish, quiet)
      await restarted()
    },
  })
  return { ...tilled, unready: () => unreadyOf(env) }
}

/** A platform whose rules run in another time, and that tells us alone. */
interface DrillGround {
  readonly ground: Ground
  readonly watch: Watch
  /** Heals what is broken; rules and receivers are those that are committed again. */
  leave(): Promise<void>
}

/**
 * Lets what runs in this checkout be drilled. After a kill `./maru up` loads the committed rules again.
 * @param scale of the rules' windows and waits
 * @throws EnvironmentError when nothing runs
 */
export async function drillGround(scale: number, signal: AbortSignal): Promise<DrillGround> {
  const prometheus = await prometheusHere()
  const checkout = here()
  const files = inTimeScale(ruleFilesOf(checkout.topology), scale)
  const folder = join(checkout.where.state, 'drill')
  const ours = {
    rules: join(folder, '*.rules.yaml'),
    alertmanager: join(folder, 'alertmanager.yaml'),
  }
  // Whoever starts servers loads the committed rules.
  const { ground, heal, unready } = await groundHere(() => retell(checkout, ours))
  const heard = await receiver()
  await write(folder, files, alertmanagerConfig({ webhook: heard.url, timeScale: scale }))
  const leave = async (): Promise<void> => {
    await heal()
    await retell(checkout, {})
    await heard.close()
    await rm(folder, { recursive: true, force: true })
  }
  await retell(checkout, ours)
  const watch: Watch = {
    notices: heard.notices,
    signal,
    firing: async () => {
      const active = await activeAlerts(prometheus)
      return active.filter(({ state }) => state === 'firing').map(({ labels }) => labels)
    },
    deadlineMs: (alert) => quickestOf(files, alert) * 1000 + graceMs,
    ailing: async () => {
      const [first] = await unready()
      return first === undefined ? undefined : `${first} is not ready`
    },
  }
  return { ground, watch, leave }
}

async function write(folder: string, files: readonly RuleFile[], telling: object): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const { name, rules } of files) {
    const text = stringify({ groups: [{ name: `maru-${name}`, rules }] })
    await writeFile(join(folder, `${name}.rules.yaml`), text)
  }
  await writeFile(join(folder, 'alertmanager.yaml'), stringify(telling))
}

/** The quickest of the rules that can make an alert, in seconds. @throws Error when none can */
function quickestOf(files: readonly RuleFile[], meant: AlertLabels): number {
  const able = files
    .flatMap(({ rules }) => rules)
    .filter((rule) => {
      const labels: AlertLabels = { alertname: rule.alert, ...rule.labels }
      // A label that the rule does not set comes from the series.
      const fixed = Object.entries(meant).filter(([label]) => label in labels)
      return isMeant(labels, Object.fromEntries(fixed))
    })
  if (able.length === 0) throw new Error(`No rule makes the alert ${meant['alertname']}.`)
  return Math.min(...able.map(slownessOf))
}

/** Services of which an instance does not say that it is ready. */
async function unreadyOf({ services }: Environment): Promise<readonly string[]> {
  const asked = Object.entries(services).flatMap(([name, { instances }]) =>
    instances.map(async ({ admin }) => {
      const signal = AbortSignal.timeout(answerWithinMs)
      const answer = await fetch(`${admin}/readyz`, { signal }).catch(() => undefined)
      await answer?.body?.cancel()
      return answer?.status === 200 ? [] : [name]
    }),
  )
  return [...new Set((await Promise.all(asked)).flat())]
}
