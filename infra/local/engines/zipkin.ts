import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { jvmFlags } from './class-archive.ts'
import { addressed, ask, portOf } from './endpoint.ts'
import type { Command, Engine, Site, Supply, Workshop } from './engine.ts'
import { fromMaven } from './from-maven.ts'
import type { Jdk } from './jdk.ts'
import { freshScratch } from './site-folder.ts'

const version = '3.6.1'
const jar = `zipkin-server-${version}-slim.jar`
const heap = ['-Xms64m', '-Xmx256m']
// The default of 500,000 spans does not fit this heap; 50,000 survived 300,000 spans at 30,000 a second.
const maxSpans = '50000'
const extractWithinMs = 120_000

/** The trace store of the local run where there is no Tempo. It keeps spans in memory only. */
export const zipkin: Engine = {
  name: 'zipkin',
  summary: 'Zipkin, the trace store',
  vital: false,
  ports: { main: 9411 },
  account: 'maru-zipkin',
  stopSignal: 'SIGTERM',
  stopWithinMs: 10_000,
  readyWithinMs: 60_000,
  missing:
    'Zipkin needs a JDK 17 or newer and Maven to be fetched: run sudo apt-get install openjdk-17-jdk-headless maven ' +
    '(or name a JDK in MARU_JAVA_HOME), or set MARU_ZIPKIN_ADDRESS to a running one.',
  obtain,
  prepare: freshScratch,
  command,
  async probe(site) {
    await ask(site, '/health')
  },
}

async function obtain(workshop: Workshop): Promise<Supply | undefined> {
  return addressed(workshop, 'MARU_ZIPKIN_ADDRESS') ?? (await fetched(workshop))
}

const fetched = (workshop: Workshop): Promise<Supply | undefined> =>
  fromMaven(zipkin, { title: 'Zipkin', version, needs: { atLeast: 17 }, finish: extract }, workshop)

// Classes inside a jar of jars cannot go into a class archive.
async function extract(home: string, jdk: Jdk): Promise<void> {
  const args = ['-Djarmode=tools', '-jar', join('lib', jar), 'extract', '--destination', 'server']
  await execa(jdk.java, args, { cwd: home, timeout: extractWithinMs })
  await rm(join(home, 'lib'), { recursive: true })
}

function command(site: Site): Command {
  const { program = '', home = '' } = site.supply
  // These properties are what binds it to loopback.
  const listener = ['address=127.0.0.1', `port=${portOf(site)}`, 'protocols[0]=http']
  const flags = [...heap, ...jvmFlags(site), '-XX:+ExitOnOutOfMemoryError']
  const properties = listener.map((setting) => `-Darmeria.ports[0].${setting}`)
  const args = [...flags, ...properties, '-jar', join(home, 'server', jar)]
  return { program, args, env: { MEM_MAX_SPANS: maxSpans } }
}
