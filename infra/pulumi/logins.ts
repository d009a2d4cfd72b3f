import { execa } from 'execa'
import { z } from 'zod'
import { settingSecret } from '../../services/kit/bindings.ts'
import type { Topology } from '../../services/model/topology.ts'
import { namespacesOf } from '../endpoints.ts'
import type { ClientSecret } from '../local/front-door.ts'
import { grafanaAdmin } from '../observability/grafana.ts'
import { kebab, valueKey } from '../workloads/secrets.ts'
import { environment, type StackCluster } from './open.ts'

/** Logins of a stack that are there: each comes from a Secret of the cluster. */
export interface Logins {
  /** The declared client that may do everything. */
  readonly client: ClientSecret | undefined
  readonly grafana: { readonly user: string; readonly password: string } | undefined
  readonly argocd: { readonly user: string; readonly password: string } | undefined
}

/** Reads the logins. @param client id of the declared client @throws Error when the cluster does not answer */
export async function loginsOf(
  cluster: StackCluster,
  stack: string,
  { topology, client }: { readonly topology: Topology; readonly client: string },
): Promise<Logins> {
  const { platform, observability, argocd } = namespacesOf(stack)
  const list = (await secretOf(cluster, platform, clientListName(topology)))?.[valueKey]
  const grafana = await secretOf(cluster, observability, grafanaAdmin)
  const argo = (await secretOf(cluster, argocd, 'argocd-initial-admin-secret'))?.['password']
  return {
    client: list === undefined ? undefined : clientList(list).find(({ id }) => id === client),
    grafana: grafana && { user: grafana['username'] ?? '', password: grafana['password'] ?? '' },
    argocd: argo === undefined ? undefined : { user: 'admin', password: argo },
  }
}

const clientList = (text: string): readonly ClientSecret[] =>
  z
    .array(z.object({ id: z.string(), secret: z.string(), scopes: z.array(z.string()) }))
    .parse(JSON.parse(text))

/** Name of the Secret that holds the declared clients. */
export function clientListName({ services }: Pick<Topology, 'services'>): string {
  const names = services.flatMap((service) =>
    Object.entries(service.settings)
      .filter(([, { secret }]) => secret === 'clients')
      .map(([key]) => kebab(settingSecret(service, key))),
  )
  return names[0] ?? ''
}

async function secretOf(
  { kubectl, words }: StackCluster,
  namespace: string,
  name: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const asked = [
    '--namespace',
    namespace,
    'get',
    'secret',
    name,
    '--ignore-not-found',
    '-o',
    'json',
  ]
  const done = await execa(kubectl, [...words, '--request-timeout', '10s', ...asked], {
    reject: false,
    stdin: 'ignore',
  })
  if (done.failed)
    throw environment(
      `kubectl cannot read the stack’s secrets: ${lastLine(done.stderr)}\n${choice}`,
    )
  if (done.stdout.trim() === '') return undefined
  const { data = {} } = JSON.parse(done.stdout) as { data?: Record<string, string> }
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ]),
  )
}

const choice =
  'The cluster is that of --kubeconfig, the running ./maru cluster, that of maru:kubeconfig, or kubectl’s own.'

/** The line that says it; those before repeat the attempts. */
const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''
