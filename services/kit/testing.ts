import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JWK } from 'jose'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { credentialsOf, type Scope } from '../model/scope.ts'
import type { Service } from '../model/service.ts'
import type { Topology } from '../model/topology.ts'
import { boot, type Running, type Start } from './boot.ts'
import { readConfig } from './config.ts'
import type { Overrides } from './context.ts'
import { within } from './within.ts'
import { createLog } from './log.ts'
import { migrateOnly } from './migrate.ts'
import { benchAddresses, provisionFor, type Servers } from './testing/addresses.ts'
import { lagOf } from './testing/lag.ts'
import { bareTracing } from './testing/tracing.ts'
import { startIssuer, type TokenWishes } from './testing/issuer.ts'

export type { Servers } from './testing/addresses.ts'

/** What a test may change about a start. */
export interface BenchStart {
  readonly env?: Readonly<Record<string, string>>
  readonly overrides?: Partial<Overrides>
  /** Replica number; 1 by default. */
  readonly replica?: number
}

/** A place of its own for one test file: databases, users, topics, indexes and a token issuer that nobody else sees. */
export interface Bench {
  /** Put before the names of topics, groups, databases and indexes. */
  readonly prefix: string
  /** Starts a service in this process on free ports. Callees that were started before are found by name. */
  start<S extends Service>(service: S, start: Start<S>, wishes?: BenchStart): Promise<Running>
  /** The environment that would run `service` as a process of its own here. Also makes its stores and topics. */
  environment(service: Service, wishes?: BenchStart): Promise<Record<string, string>>
  /** Makes the tables of a service that does not run here. */
  migrate(service: Service): Promise<void>
  /** An access token of the bench's issuer. Not for services whose keys come from a started auth service. */
  token(scopes: readonly Scope[], wishes?: TokenWishes): Promise<string>
  /**
   * Whatever header and claims, signed by the bench's key.
   * @param algorithm `RSA-SHA256` by default, or `PS256`
   */
  forge(header: object, claims: object, algorithm?: string): string
  /** Whose tokens are good here, and the public key that verifies them. */
  readonly issuer: { readonly issuer: string; readonly jwk: JWK }
  /** `Authorization` header with such a token. */
  bearer(...scopes: readonly Scope[]): Promise<{ authorization: string }>
  /** Every span that ended in this process. */
  spans(): readonly ReadableSpan[]
  /** Resolves when every consumer group of the started services has read its topics to the end. */
  drained(withinMs?: number): Promise<void>
  /** Tells services started later that the issuer is a running auth service. */
  useIssuer(url: string): void
  /** Stops what was started, latest first, and removes files. */
  stop(): Promise<void>
}

/**
 * Makes a bench over running servers.
 * @param all the topology; groups and topics are looked up in it
 * @param servers addresses of real servers with their administrators' passwords; only those the services need
 */
export async function bench(all: Topology, servers: Servers): Promise<Bench> {
  const prefix = `t${randomBytes(5).toString('hex')}_`
  const folder = mkdtempSync(join(tmpdir(), 'maru-bench-'))
  const tracing = bareTracing()
  const issuer = await startIssuer(all.scopes)
  const started: { service: Service; running: Running }[] = []
  let keys = { issuer: issuer.issuer, jwksUri: issuer.jwksUri, tokenUrl: `${issuer.issuer}/token` }

  const environment = async (
    service: Service,
    wishes: BenchStart = {},
  ): Promise<Record<string, string>> => {
    const secret = secretFiles(folder, all)
    const urls = Object.fromEntries(started.map((one) => [one.service.name, one.running.url]))
    const place = { prefix, servers, secret, urls, keys, replica: wishes.replica ?? 1 }
    await provisionFor(service, all, place)
    return {
      ...benchAddresses(service, all, place),
      LOG_LEVEL: process.env['TEST_LOG'] ?? 'silent',
      OVERLOAD_AFTER_MS: '0', // tests share their process with what they test
      ...wishes.env,
    }
  }

  return {
    prefix,
    environment,
    start: async (service, start, wishes = {}) => {
      const config = readConfig(service, await environment(service, wishes))
      const overrides = {
        tracer: tracing.tracer(service.name),
        processWide: false,
        log: createLog({
          service: service.name,
          instance: config.text('INSTANCE'),
          level: config.text('LOG_LEVEL'),
        }),
        ...wishes.overrides,
      }
      const running = await boot(service, start, config, overrides)
      started.push({ service, running })
      return running
    },
    migrate: async (service) => migrated(service, await environment(service), tracing),
    token: issuer.token,
    forge: issuer.forge,
    issuer,
    bearer: async (...scopes) => ({ authorization: `Bearer ${await issuer.token(scopes)}` }),
    spans: tracing.spans,
    drained: (withinMs = 30_000) => drained(servers, prefix, started, withinMs),
    useIssuer: (url) => {
      keys = { issuer: url, jwksUri: `${url}/.well-known/jwks.json`, tokenUrl: `${url}/token` }
    },
    stop: async () => {
      for (const { running } of [...started].reverse()) await running.stop()
      await issuer.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const migrated = (
  service: Service,
  env: Readonly<Record<string, string>>,
  { tracer }: ReturnType<typeof bareTracing>,
): Promise<void> => migrateOnly(service, readConfig(service, env), tracer(service.name))

/** Writes each secret once; `clients` secrets hold the declared clients as the installation would. */
function secretFiles(folder: string, all: Topology): (name: string, value?: string) => string {
  return (name, value) => {
    const path = join(folder, name)
    const text =
      value ??
      (name.endsWith('-clients') ? clientsJson(all) : randomBytes(32).toString('base64url'))
    try {
      writeFileSync(path, text, { mode: 0o600, flag: 'wx' })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    return path
  }
}

/** In a bench a client's secret is `<id>-secret`, so that tests can ask for tokens. */
const clientsJson = (all: Topology): string =>
  JSON.stringify(all.clients.map((client) => credentialsOf(client, `${client.id}-secret`)))

async function drained(
  servers: Servers,
  prefix: string,
  started: readonly { service: Service }[],
  withinMs: number,
): Promise<void> {
  const consumptions = started.flatMap(({ service }) => service.consumes)
  if (!servers.kafka || consumptions.length === 0) return
  const poll = async (): Promise<void> => {
    while ((await lagOf(servers.kafka ?? '', prefix, consumptions)) > 0)
      await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await within(poll(), withinMs, `consumers did not catch up within ${withinMs} ms`)
}
