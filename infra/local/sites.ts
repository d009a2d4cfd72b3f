import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ownerOf } from './engines/accounts.ts'
import { endpoint } from './engines/endpoint.ts'
import type { Engine, Site } from './engines/engine.ts'
import { engines } from './engines/engines.ts'
import type { Installation } from './installation.ts'
import type { Places } from './paths.ts'
import { secret } from './secrets.ts'
import type { traceStores } from './needs.ts'

/** User that the exporters log in as; it may look and nothing else. */
export const metricsUser = 'maru_metrics'

/** Name of the secret of an engine's administrator. */
export const engineSecret = (name: string): string => `engine-${name}`

/** Where an engine of this checkout runs. @throws Error when it was not obtained */
export async function siteOf(
  name: string,
  where: Places,
  installation: Installation,
): Promise<Site> {
  const engine = engines[name]
  const supply = installation.supplies[name]
  if (!engine || !supply) throw new Error(`${name} is not there: ${engine?.missing ?? ''}`)
  return {
    name,
    supply,
    dir: join(where.data, name),
    ports: { ...engine.ports, ...installation.ports[name] },
    password: engine.secret === true ? await secret(where.secrets, engineSecret(name)) : '',
    owner: await ownerOf(engine.account),
    settings: await settingsOf(engine, where, installation),
  }
}

/** The trace store of this checkout: Tempo where there is one. */
export const traceStoreOf = ({ supplies }: Installation): (typeof traceStores)[number] =>
  supplies['tempo'] === undefined ? 'zipkin' : 'tempo'

/** `host:port` of an engine for its clients. */
export function hostPortOf(name: string, installation: Installation): string {
  const { host, port } = placeOf(name, installation)
  return `${host}:${port}`
}

/** Host and port of an engine for its clients: the user's own server, or ours. */
export function placeOf(name: string, { supplies, ports }: Installation) {
  const supply = supplies[name] ?? { from: 'registry', reason: '', version: '' }
  const known = { ...engines[name]?.ports, ...ports[name] }
  const none = { name, dir: '', password: '', owner: undefined, settings: {} }
  return endpoint({ ...none, supply, ports: known })
}

/** How the administrator of an engine logs in. @throws Error when the engine was not obtained */
export async function administratorOf(
  name: 'postgres' | 'mariadb' | 'redis',
  { where, installation }: { readonly where: Places; readonly installation: Installation },
) {
  const { host, port, user = 'maru', password } = placeOf(name, installation)
  const site = await siteOf(name, where, installation)
  return { host, port, user, password: password ?? site.password }
}

async function settingsOf(
  { name }: Engine,
  where: Places,
  installation: Installation,
): Promise<Record<string, string>> {
  const url = (of: string) => `http://${hostPortOf(of, installation)}`
  const rendered = (folder: string, pattern: string) =>
    join(where.root, folder, 'rendered', pattern)
  const alerting = rendered('alerts', 'alertmanager.yaml')
  const login = async (of: string) => ({
    address: hostPortOf(of, installation),
    user: metricsUser,
    password: await secret(where.secrets, `${of}-${metricsUser}`),
  })
  const settings: Record<string, () => Promise<Record<string, string>>> = {
    prometheus: async () => ({
      rules: rendered('alerts', '!(alertmanager).yaml'),
      alertmanager: hostPortOf('alertmanager', installation),
    }),
    alertmanager: async () => (existsSync(alerting) ? { config: alerting } : {}),
    tempo: async () => ({ prometheus: url('prometheus') }),
    'postgres-exporter': () => login('postgres'),
    'mariadb-exporter': () => login('mariadb'),
    'redis-exporter': () => login('redis'),
    grafana: async () => ({
      dashboards: rendered('dashboards', '*.json'),
      prometheus: url('prometheus'),
      [traceStoreOf(installation)]: url(traceStoreOf(installation)),
    }),
  }
  return (await settings[name]?.()) ?? {}
}
