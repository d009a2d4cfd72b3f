import { createInterface } from 'node:readline'
import { execa } from 'execa'
import type { Service } from '../../../services/model/service.ts'
import type { Topology } from '../../../services/model/topology.ts'
import { topology } from '../../../services/topology.ts'
import type { Here } from '../addresses.ts'
import { instanceName } from '../needs.ts'
import { specOf } from '../up/service-jobs.ts'
import { EnvironmentError, UsageError, type Command } from './command.ts'
import { here } from './here.ts'
import { readable } from './log-line.ts'
import { servicesNamed } from './services.ts'
import { show } from './progress.ts'

/** Adds a word that does a declared task of the service that declares it, or of the named one. */
export function registerTask(program: Command, word: string, description: string): void {
  program
    .command(`${word} [service]`)
    .description(description)
    .action((name?: string) => runServiceTask(serviceWithTask(topology, word, name), word, here()))
}

/**
 * The service that a task's word means: the named one, else the only one that declares the word.
 * @throws UsageError when it declares no such task, or when several do and none was named
 */
function serviceWithTask(all: Topology, word: string, name: string | undefined): Service {
  const able = all.services.filter(({ tasks }) => word in tasks)
  const asked = name === undefined ? able : servicesNamed(all, [name])
  const [service] = asked
  if (service && asked.length === 1 && able.includes(service)) return service
  const names = able.map((one) => one.name).join(', ')
  throw new UsageError(`./maru ${word} wants one of: ${names}.`)
}

/**
 * Does a declared task of a service on this checkout's stores, in a process of its own, and shows its log.
 * @param told is given each line of it
 * @throws EnvironmentError when the service was never started here; Error when the task fails
 */
export async function runServiceTask(
  service: Service,
  word: string,
  here: Here,
  told: (line: string) => void = show.say,
): Promise<void> {
  if (here.installation.ports[instanceName(service, 1)] === undefined)
    throw new EnvironmentError(`${service.name} was never started here: run ./maru up first.`)
  const { argv, env, cwd } = specOf(service, 1, here)
  const [program = '', ...words] = argv
  const child = execa(program, [...words, word], {
    cwd,
    env: { ...env, INSTANCE: `${service.name}-${word}` },
    stdin: 'ignore',
    stderr: 'inherit',
    reject: false,
  })
  for await (const line of createInterface(child.stdout)) told(readable(line))
  const { exitCode, signal } = await child
  if (exitCode !== 0)
    throw new Error(`${word} of ${service.name} ended with ${signal ?? `code ${exitCode}`}.`)
}
