import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { environmentOf, variablesOf } from '../../../services/kit/bindings.ts'
import { folderOf, type Service } from '../../../services/model/service.ts'
import { addressesOf, adminUrlOf, type Here } from '../addresses.ts'
import type { Job } from '../jobs.ts'
import { lastLinesOf } from '../log-lines.ts'
import { instanceName, vitalFor } from '../needs.ts'
import type { Supervisor } from '../supervisor/client.ts'
import { logOf } from '../supervisor/files.ts'
import type { ProcessSpec } from '../supervisor/spec.ts'
import { crashLoop } from './crash-loop.ts'
import { tiers } from './engine-jobs.ts'
import { preparations } from './provision.ts'
import type { Session } from './session.ts'

const readyWithinMs = 60_000
/** The kit's STOP_DEADLINE_MS and what its telemetry may take after it. */
const stopWithinMs = 18_000

/** Jobs that start every instance of these services and wait until each says that it is ready. */
export const serviceJobs = (services: readonly Service[], run: Session): readonly Job[] =>
  services.flatMap((service) =>
    Array.from({ length: replicasOf(service, run.here) }, (_, at) => job(service, at + 1, run)),
  )

const replicasOf = (service: Service, { installation }: Here): number =>
  installation.replicas[service.name] ?? 1

function job(service: Service, instance: number, run: Session): Job {
  const name = instanceName(service, instance)
  return {
    name,
    title: name,
    vital: true,
    after: vitalFor(service).map((engine) => preparations[engine] ?? engine),
    work: async () => {
      const outcome = await run.supervisor.start(specOf(service, instance, run.here), true)
      await serviceReady(name, run.here, run.supervisor)
      if (outcome === 'started') return undefined
      return outcome === 'already' ? 'already running' : 'started anew: its environment changed'
    },
  }
}

/**
 * Small heaps: eight services and three JVMs share one machine.
 * kafkajs computes negative delays, of which Node 24 warns.
 */
const flags = [
  '--disable-warning=TimeoutNegativeWarning',
  '--max-old-space-size=384',
  '--max-semi-space-size=8',
]

/** How the supervisor runs an instance: exactly the environment that the declaration asks for. */
export function specOf(service: Service, instance: number, here: Here): ProcessSpec {
  const { root, cache } = here.where
  const addresses = addressesOf(service, instance, here)
  return {
    name: instanceName(service, instance),
    argv: [
      process.execPath,
      ...flags,
      `--import=${join(root, 'services/kit/telemetry.ts')}`,
      join(root, folderOf(service), 'main.ts'),
    ],
    env: {
      NODE_COMPILE_CACHE: join(cache, 'node-compile-cache'),
      ...chosenSettings(service),
      ...environmentOf(service, addresses),
    },
    cwd: root,
    stopSignal: 'SIGTERM',
    stopWithinMs: stopWithinMs + addresses.drainMs,
    tier: tiers.service,
    ports: { main: addresses.port, admin: addresses.adminPort },
  }
}

/** Numbers and switches that people set in their own environment, e.g. LOG_LEVEL; addresses are not among them. */
const chosenSettings = (service: Service): Record<string, string> =>
  Object.fromEntries(
    variablesOf(service).flatMap(({ name, from }) => {
      const value = process.env[name]
      return from === undefined && value !== undefined ? [[name, value]] : []
    }),
  )

/** Waits until an instance says that it is ready. @throws Error with its reasons and its last log lines */
export async function serviceReady(
  name: string,
  here: Here,
  supervisor: Supervisor,
): Promise<void> {
  const url = `${adminUrlOf(name, here.installation)}/readyz`
  const watch = crashLoop(name, supervisor)
  let hopeless = false
  void watch.hopeless.then(() => (hopeless = true))
  try {
    for (const until = Date.now() + readyWithinMs; ; await delay(60)) {
      const reason = await notReady(url)
      if (reason === undefined) return
      if (hopeless) throw failure(name, `keeps ending before it is ready (${reason})`, here)
      if (Date.now() > until)
        throw failure(name, `was not ready within ${readyWithinMs / 1000} s (${reason})`, here)
    }
  } finally {
    watch.stop()
  }
}

/** Why an instance is not ready, by its `/readyz`; undefined when it is. */
export async function notReady(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
    const page = (await response.json()) as { state: string; checks: Record<string, string> }
    if (response.ok) return undefined
    const reasons = Object.entries(page.checks).filter(([, result]) => result !== 'ok')
    return [page.state, ...reasons.map(([check, result]) => `${check}: ${result}`)].join(', ')
  } catch {
    return 'no answer'
  }
}

function failure(name: string, problem: string, { where }: Here): Error {
  const lines = lastLinesOf(logOf(where.state, name))
  return new Error(`${name} ${problem}.\n${lines}\nAll of its log: ./maru logs ${name}`)
}
