import { randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { jvmFlags } from './class-archive.ts'
import { addressed, endpoint, portOf } from './endpoint.ts'
import type { Command, Engine, Site, Supply, Workshop } from './engine.ts'
import { fromMaven } from './from-maven.ts'
import { classPath } from './jars.ts'
import { loginArguments, loginListener, loginSettings } from './kafka-logins.ts'
import { countBrokers } from './kafka-metadata.ts'
import { run } from './launch.ts'
import { onPath } from './search-path.ts'
import { exists, folder, freshScratch, writeFor } from './site-folder.ts'

const version = '4.3.1'
const heap = ['-Xms128m', '-Xmx512m']
const formatWithinMs = 60_000

/** One Kafka node, broker and controller at once (KRaft). */
export const kafka: Engine = {
  name: 'kafka',
  summary: 'Kafka, one node',
  vital: true,
  ports: { main: 9092, controller: 9094 },
  account: 'maru-kafka',
  stopSignal: 'SIGTERM',
  stopWithinMs: 20_000,
  readyWithinMs: 60_000,
  missing:
    'Kafka needs a JDK 17 or newer and Maven to be fetched: run sudo apt-get install ' +
    'openjdk-17-jdk-headless maven (or name a JDK in MARU_JAVA_HOME), or set MARU_KAFKA_ADDRESS to a running broker.',
  obtain,
  prepare,
  command: (site) => tool(site, 'server', [join(site.dir, 'server.properties')]),
  async probe(site) {
    const brokers = await countBrokers(endpoint(site))
    if (brokers === 0) throw new Error('the broker has not joined its cluster yet')
  },
}

async function obtain(workshop: Workshop): Promise<Supply | undefined> {
  const own = addressed(workshop, 'MARU_KAFKA_ADDRESS')
  return own ?? installed(workshop) ?? (await fetched(workshop))
}

function installed({ env }: Workshop): Supply | undefined {
  const program = onPath(env, ['kafka-server-start', 'kafka-server-start.sh'])
  if (program === undefined) return undefined
  return { from: 'path', reason: `kafka from ${dirname(program)}`, version: 'of PATH', program }
}

const fetched = (workshop: Workshop): Promise<Supply | undefined> =>
  fromMaven(kafka, { title: 'Kafka', version, needs: { atLeast: 17 } }, workshop)

async function prepare(site: Site): Promise<void> {
  await freshScratch(site)
  const data = await folder(site, 'data')
  const properties = await writeFor(site, 'server.properties', settings(site, data))
  if (await exists(join(data, 'meta.properties'))) return
  const args = ['format', '--ignore-formatted', '-t', clusterId(), '-c', properties]
  await run(tool(site, 'storage', [...args, ...loginArguments(site)]), site, formatWithinMs)
}

const toolClasses = { server: 'kafka.Kafka', storage: 'kafka.tools.StorageTool' }

function tool(site: Site, which: keyof typeof toolClasses, args: readonly string[]): Command {
  const { program = '', home } = site.supply
  if (home === undefined) {
    const script = which === 'server' ? program : program.replace('server-start', 'storage')
    return { program: script, args, env: { KAFKA_HEAP_OPTS: heap.join(' '), LOG_DIR: site.dir } }
  }
  const logging = `-Dlog4j2.configurationFile=${join(home, 'log4j2.properties')}`
  const classes = ['-cp', classPath(join(home, 'lib')), toolClasses[which]]
  // The archive is recorded from the server alone.
  const flags = jvmFlags(which === 'server' ? site : { ...site, settings: {} })
  return { program, args: [...heap, ...flags, logging, ...classes, ...args] }
}

// The tool would read an id with a leading dash as an option.
function clusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? clusterId() : id
}

// One node holds every replica. The short session makes a killed broker rejoin in 5 s instead of 15.
const settings = (site: Site, data: string) => `process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:${portOf(site)},CONTROLLER://127.0.0.1:${portOf(site, 'controller')}${loginListener(site)}
advertised.listeners=PLAINTEXT://127.0.0.1:${portOf(site)}${loginListener(site)}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
controller.quorum.voters=1@127.0.0.1:${portOf(site, 'controller')}
log.dirs=${data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
default.replication.factor=1
min.insync.replicas=1
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
num.recovery.threads.per.data.dir=2
${loginSettings(site)}`
