import { join } from 'node:path'
import { jvmFlags } from './class-archive.ts'
import { addressed, ask, portOf } from './endpoint.ts'
import type { Command, Engine, Site, Supply, Workshop } from './engine.ts'
import { fromMaven } from './from-maven.ts'
import { classPath, compile } from './jars.ts'
import { freshScratch } from './site-folder.ts'

const version = '3.8.0'
const heap = ['-Xms128m', '-Xmx512m']

/**
 * One OpenSearch node with the Korean analysis (nori), on loopback; snapshots go to `<dir>/repo`. An installed
 * OpenSearch on PATH is not used: it would lack the plugin.
 */
export const opensearch: Engine = {
  name: 'opensearch',
  summary: 'OpenSearch with nori, one node',
  vital: true,
  ports: { main: 9200, transport: 9300 },
  account: 'maru-opensearch',
  stopSignal: 'SIGTERM',
  stopWithinMs: 20_000,
  readyWithinMs: 90_000,
  missing:
    'OpenSearch needs a JDK 21 or newer (25 starts fastest) and Maven to be fetched: install a JDK, name it in ' +
    'MARU_JAVA_HOME and run sudo apt-get install maven, or set MARU_OPENSEARCH_ADDRESS to a running one with nori.',
  obtain,
  prepare: freshScratch,
  command,
  async probe(site) {
    await ask(site, '/_cluster/health?wait_for_status=yellow&timeout=1s')
  },
}

async function obtain(workshop: Workshop): Promise<Supply | undefined> {
  return addressed(workshop, 'MARU_OPENSEARCH_ADDRESS') ?? (await fetched(workshop))
}

const fetched = (workshop: Workshop): Promise<Supply | undefined> =>
  fromMaven(
    opensearch,
    {
      title: 'OpenSearch',
      version,
      needs: { atLeast: 21, compiler: true },
      // A class archive takes jars only, so the main class becomes one too.
      finish: (home, jdk) => compile(home, jdk, 'OsNode.java', 'osnode'),
    },
    workshop,
  )

function command(site: Site): Command {
  const { program = '', home = '' } = site.supply
  const flags = [...heap, ...jvmFlags(site), '--enable-native-access=ALL-UNNAMED']
  const logging = `-Dlog4j2.configurationFile=${join(home, 'log4j2.properties')}`
  const place = [site.dir, String(portOf(site)), String(portOf(site, 'transport'))]
  const args = [...flags, logging, '-cp', classPath(join(home, 'lib')), 'OsNode', ...place]
  return { program, args }
}
