import { createPublicKey } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { request } from 'undici'
import { audience } from '../../services/kit/auth.ts'
import service from '../../services/platform/gateway/service.ts'
import rank from '../../services/webtoon/rank/service.ts'
import { serviceVariableName } from '../../services/kit/bindings.ts'
import { contending, ownService, type Contender } from '../contender.ts'
import type { Lab } from '../lab.ts'
import { versionOf } from '../package-version.ts'
import type { Setting } from './setting.ts'

export interface Gate extends Contender {
  readonly version: string
  /** Passes everything on and does nothing else. */
  readonly bare: boolean
}

export const gatewayContenders = async (lab: Lab, setting: Setting): Promise<readonly Gate[]> => [
  await ours(lab, setting, 'maru'),
  await fastify(lab, setting),
  await haproxy(lab, setting),
  await ours(lab, setting, 'maru, traced', await tracing(lab)),
  await spring(lab, setting),
]

async function ours(
  lab: Lab,
  { place, upstream }: Setting,
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Gate> {
  const environment = await place.environment(service, {
    env: { [serviceVariableName(rank.name)]: upstream, ...env },
  })
  return {
    name,
    ...(await ownService(lab, service, environment)),
    version: 'this commit',
    bare: false,
  }
}

/** Every request is traced, and its spans go to a receiver that takes them and drops them. */
async function tracing(lab: Lab): Promise<Readonly<Record<string, string>>> {
  const receiver = createServer((message, response) => {
    message.resume().once('end', () => response.end())
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  lab.atEnd(async () => void receiver.close().closeAllConnections())
  const { port } = receiver.address() as AddressInfo
  const telemetry = new URL('../../services/kit/telemetry.ts', import.meta.url)
  return {
    NODE_OPTIONS: `--import=${telemetry.href}`,
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${port}/v1/traces`,
  }
}

async function fastify(lab: Lab, { upstream }: Setting): Promise<Gate> {
  const [port = 0] = await lab.ports(1)
  const url = `http://127.0.0.1:${port}`
  const main = new URL('fastify-proxy.ts', import.meta.url).pathname
  const { pid } = await contending(lab, [process.execPath, main], {
    env: { UPSTREAM: upstream, PORT: String(port) },
    ready: () => answers(url),
  })
  const version = versionOf('@fastify/http-proxy')
  return { name: '@fastify/http-proxy, bare', pid, url, version, bare: true }
}

async function haproxy(lab: Lab, { place, upstream }: Setting): Promise<Gate> {
  const program = await lab.program('haproxy', 'haproxy')
  const [port = 0] = await lab.ports(1)
  const url = `http://127.0.0.1:${port}`
  const { issuer, jwk } = place.issuer
  const key = join(lab.folder, 'issuer.pem')
  const pem = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  writeFileSync(key, pem.export({ type: 'spki', format: 'pem' }))
  const values = { port, upstream: new URL(upstream).host, issuer, audience, key }
  const file = join(lab.folder, 'haproxy.cfg')
  writeFileSync(file, filled(readFileSync(new URL('haproxy.cfg', import.meta.url), 'utf8'), values))
  const { pid } = await contending(lab, [program, '-db', '-f', file], { ready: () => answers(url) })
  const { stdout } = await execa(program, ['-v'])
  const version = /version (\S+)/.exec(stdout)?.[1] ?? ''
  return { name: 'haproxy with JWT', pid, url, version, bare: false }
}

const springVersion = '5.0.4'

async function spring(lab: Lab, { place, redis, upstream }: Setting): Promise<Gate> {
  const folder = new URL('spring-cloud-gateway/', import.meta.url)
  const name = 'spring-cloud-gateway'
  const program = await lab.java({ name, version: springVersion, folder })
  const [port = 0] = await lab.ports(1)
  const url = `http://127.0.0.1:${port}`
  const { issuer } = place.issuer
  const store = redis.servers.redis
  const { pid } = await contending(lab, program, {
    env: {
      ...{ UPSTREAM: upstream, ISSUER: issuer, AUDIENCE: audience },
      JWKS: `${issuer}/.well-known/jwks.json`,
      SERVER_ADDRESS: '127.0.0.1',
      SERVER_PORT: String(port),
      SPRING_DATA_REDIS_HOST: store?.host,
      SPRING_DATA_REDIS_PORT: String(store?.port),
      SPRING_DATA_REDIS_PASSWORD: store?.password,
      LOGGING_LEVEL_ROOT: 'warn',
    },
    ready: () => answers(url),
  })
  return { name: 'Spring Cloud Gateway', pid, url, version: springVersion, bare: false }
}

const filled = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]))

const answers = async (url: string): Promise<boolean> => {
  const { statusCode, body } = await request(url)
  await body.dump()
  return statusCode < 500
}
