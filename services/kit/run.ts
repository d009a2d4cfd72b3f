import { trace } from '@opentelemetry/api'
import type { Service } from '../model/service.ts'
import { boot, type Start } from './boot.ts'
import { ConfigError, readConfig } from './config.ts'
import { createContext } from './context.ts'
import { migrateOnly } from './migrate.ts'
import { firstSignal } from './signals.ts'
import { perform, type Tasks } from './task.ts'

/** Exit codes: 0 ok, 1 failed, 2 usage, 3 environment. */
const usageWrong = 2
const environmentWrong = 3

/**
 * Runs a service as a process: `main.ts` serves, `main.ts migrate` migrates and ends, `main.ts <task>` does one of the
 * service's tasks and ends, `main.ts --print-config` shows the environment without its secrets. One signal stops in
 * order, a second forces.
 * @param tasks the work behind each word that the declaration names in `tasks`
 */
export async function run<S extends Service>(
  service: S,
  start: Start<S>,
  tasks: Tasks<S> = {},
): Promise<void> {
  try {
    await doAsAsked(service, start, tasks)
  } catch (error) {
    const isConfig = error instanceof ConfigError
    process.stderr.write(`${isConfig ? error.message : String((error as Error).stack)}\n`)
    process.exitCode = isConfig ? environmentWrong : 1
  }
  await stopTelemetry()
  // What a client library left open must not keep a stopped process alive.
  setTimeout(() => process.exit(), 1000).unref()
}

async function doAsAsked<S extends Service>(service: S, start: Start<S>, tasks: Tasks<S>) {
  const word = process.argv.slice(2).find((one) => !one.startsWith('-'))
  if (!isKnown(service, word)) return
  const config = readConfig(service, process.env)
  const tracer = trace.getTracer(service.name)
  if (process.argv.includes('--print-config')) return print(config.redacted())
  if (word === undefined) return serveUntilStopped(await boot(service, start, config, { tracer }))
  if (word === 'migrate') return migrateOnly(service, config, tracer)
  const task = tasks[word]
  if (task === undefined) throw new Error(`${service.name} declares ${word} without the work.`)
  return perform(createContext(service, config, { tracer }), task)
}

function isKnown({ name, tasks }: Service, word: string | undefined): boolean {
  const words = ['migrate', ...Object.keys(tasks)]
  if (word === undefined || words.includes(word)) return true
  process.stderr.write(`${name} does not know "${word}"; it knows ${words.join(', ')}.\n`)
  process.exitCode = usageWrong
  return false
}

async function serveUntilStopped(running: Awaited<ReturnType<typeof boot>>): Promise<void> {
  const { life, log } = running.context
  process.on('uncaughtException', (error) => life.fail(error))
  process.on('unhandledRejection', (reason) =>
    life.fail(reason instanceof Error ? reason : new Error(String(reason))),
  )
  const ended = await Promise.race([firstSignal(), life.failed])
  if (ended instanceof Error) {
    log.fatal({ err: ended }, 'service failed')
    process.exitCode = 1
  }
  try {
    await running.stop()
  } catch (error) {
    log.error({ err: error }, 'stop was forced')
    process.exitCode = 1
  }
}

/** `telemetry.ts` is loaded by --import and leaves its shutdown here, so that spans of the last requests arrive. */
async function stopTelemetry(): Promise<void> {
  const stop = (globalThis as { maruStopTelemetry?: () => Promise<void> }).maruStopTelemetry
  await stop?.()
}

const print = (values: Record<string, string>): void =>
  void process.stdout.write(`${JSON.stringify(values, null, 2)}\n`)
