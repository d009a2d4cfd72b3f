import { closeSync, existsSync, openSync } from 'node:fs'
import { chmod, copyFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Engine, Site, Supply, Workshop } from './engine.ts'
import { jdkAt } from './jdk.ts'
import { start, waitReady } from './launch.ts'
import { exclusively } from './lock.ts'
import { scratchOf } from './site-folder.ts'
import { temporarySite } from './temporary.ts'

// The first release that records and assembles an ahead-of-time cache in one run.
const aotSince = 25
const trainWithinMs = 180_000
const flagsOf = {
  aot: { write: '-XX:AOTCacheOutput', read: '-XX:AOTCache' },
  jsa: { write: '-XX:ArchiveClassesAtExit', read: '-XX:SharedArchiveFile' },
}

/** Short-lived local servers: C1 only and the serial collector start fastest and stay small. */
const lean = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xlog:disable', '-XX:-UsePerfData']

/**
 * JVM flags of a jar engine. An archive that does not fit is ignored by the JVM, which then only starts
 * more slowly.
 */
export function jvmFlags(site: Site): string[] {
  return [...lean, `-Djava.io.tmpdir=${scratchOf(site)}`, ...archiveFlags(site)]
}

function archiveFlags({ settings, supply }: Site): string[] {
  const { training } = settings
  if (training !== undefined) return [`${flagsFor(training).write}=${training}`]
  const archive = archiveOf(supply)
  const usable = archive !== undefined && existsSync(archive)
  return usable ? [`${flagsFor(archive).read}=${archive}`] : []
}

/**
 * Makes the class archive of an engine by one run of it on free ports, unless it exists. Never fails: the
 * archive only saves time.
 */
export async function train(engine: Engine, supply: Supply, workshop: Workshop): Promise<void> {
  const archive = archiveOf(supply)
  if (archive === undefined || existsSync(archive) || !workshop.install) return
  const turn = {
    file: `${archive}.lock`,
    what: `train ${engine.name}`,
    deadlineMs: trainWithinMs,
    say: workshop.say,
  }
  const work = () => exclusively(turn, () => record({ engine, supply, archive }, workshop))
  await work().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    workshop.say(`${engine.name} will start without a class archive, which takes longer: ${reason}`)
  })
}

interface Recording {
  readonly engine: Engine
  readonly supply: Supply
  readonly archive: string
}

async function record({ engine, supply, archive }: Recording, workshop: Workshop): Promise<void> {
  if (existsSync(archive)) return
  workshop.say(`running ${engine.name} once to make its class archive`)
  const site = await temporarySite(engine, supply)
  const training = join(site.dir, basename(archive))
  try {
    await runOnce(engine, { ...site, settings: { training } })
    await copyFile(training, `${archive}.draft`)
    await chmod(`${archive}.draft`, 0o644)
    await rename(`${archive}.draft`, archive)
  } finally {
    await rm(site.dir, { recursive: true, force: true })
  }
}

async function runOnce(engine: Engine, site: Site): Promise<void> {
  await engine.prepare(site)
  const log = join(site.dir, 'training.log')
  const stdout = openSync(log, 'a')
  // The archive is written while the JVM stops, which takes longer than a plain stop.
  const running = start({ ...engine, stopWithinMs: trainWithinMs }, site, { stdout })
  closeSync(stdout)
  try {
    await waitReady(engine, site, { deadlineMs: trainWithinMs, exited: running.exited, log })
  } finally {
    await running.stop()
  }
}

// Beside the jars, named by the JVM's exact build: an archive fits only these two together.
function archiveOf({ home, program }: Supply): string | undefined {
  const jdk = program === undefined ? undefined : jdkAt(dirname(dirname(program)))
  if (home === undefined || jdk === undefined) return undefined
  const build = jdk.runtime.replaceAll(/[^\w.+-]/g, '_')
  return join(home, `classes-${build}.${jdk.feature >= aotSince ? 'aot' : 'jsa'}`)
}

const flagsFor = (archive: string) => (archive.endsWith('.aot') ? flagsOf.aot : flagsOf.jsa)
