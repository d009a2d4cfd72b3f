import { trace } from '@opentelemetry/api'
import type { Service } from '../model/service.ts'
import { boot, type Start } from './boot.ts'
import { ConfigError, readConfig } from './config.ts'
import { migrateOnly } from './migrate.ts'

/** Exit codes: 0 ok, 1 failed, 2 usage, 3 environment. */
const environmentWrong = 3

/**
 * Runs a service as a process: `main.ts` serves, `main.ts migrate` migrates and ends, `main.ts --print-config`
 * shows the environment without its secrets. One signal stops in order, a second forces.
 */
export async function run<S extends Service>(service: S, start: Start<S>): Promise<void> {
  try {
    const config = readConfig(service, process.env)
    const tracer = trace.getTracer(service.name)
    if (process.argv.includes('--print-config')) return print(config.redacted())
    if (process.argv[2] === 'migrate') return await migrateOnly(service, config, tracer)
    await serveUntilStopped(await boot(service, start, config, { tracer }))
  } catch (error) {
    process.stderr.write(
      `${error instanceof ConfigError ? error.message : String((error as Error).stack)}\n`,
    )
    process.exitCode = error instanceof ConfigError ? environmentWrong : 1
    await stopTelemetry()
  }
}

async function serveUntilStopped(running: Awaited<ReturnType<typeof boot>>): Promise<void> {
  const signalled = new Promise<undefined>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        process.on(signal, () => process.exit(signal === 'SIGINT' ? 130 : 143))
        resolve(undefined)
      })
    }
  })
  process.on('uncaughtException', (error) => running.context.life.fail(error))
  process.on('unhandledRejection', (reason) =>
    running.context.life.fail(reason instanceof Error ? reason : new Error(String(reason))),
  )
  const failure = await Promise.race([signalled, running.context.life.failed])
  if (failure) {
    running.context.log.fatal({ err: failure }, 'service failed')
    process.exitCode = 1
  }
  await endOf(running)
}

/** What a client library left open must not keep a stopped process alive: the deadline's timer is unreferenced. */
async function endOf(running: Awaited<ReturnType<typeof boot>>): Promise<void> {
  try {
    await running.stop()
  } catch (error) {
    running.context.log.error({ err: error }, 'stop was forced')
    process.exitCode = 1
  }
  await stopTelemetry()
  setTimeout(() => process.exit(), 1000).unref()
}

/** `telemetry.ts` is loaded by --import and leaves its shutdown here, so that spans of the last requests arrive. */
async function stopTelemetry(): Promise<void> {
  const stop = (globalThis as { maruStopTelemetry?: () => Promise<void> }).maruStopTelemetry
  await stop?.()
}

const print = (values: Record<string, string>): void =>
  void process.stdout.write(`${JSON.stringify(values, null, 2)}\n`)
