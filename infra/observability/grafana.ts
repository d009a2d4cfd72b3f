import * as pulumi from '@pulumi/pulumi'
import { stringify } from 'yaml'
import { endpointsOf, frontDoorName, namespacesOf } from '../endpoints.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { publicUrl } from '../workloads/addresses.ts'
import { externalSecret, filledFrom, type SecretSpec } from '../workloads/secrets.ts'
import { dataSources } from './data-sources.ts'
import { metadataOf } from './observed-metadata.ts'
import { registerAll } from './register-all.ts'

/** What a stack says about Grafana. */
export interface GrafanaArgs {
  /** With `operators: present` only the data sources are made, for the Grafana that is there. */
  readonly settings: Settings
}

/** Label by which Grafana's sidecar finds data sources. */
export const sourceLabel = { grafana_datasource: '1' } as const

/** Secret of the administrator; keys `username`, `password`. */
export const grafanaAdmin = 'grafana-admin'

/** Service of the chart's Grafana: a name of its own in a cluster, since a role of the whole cluster has it too. */
export const grafanaService = ({ stack }: Pick<Settings, 'stack'>) => ({
  name: `maru-${stack}-grafana`,
  port: 80,
})

/** Where people open Grafana; links in alerts and from Argo CD start with it. */
export const grafanaUrl = ({ gateway: { host } }: Pick<Settings, 'gateway'>): string =>
  publicUrl({ gateway: { class: '', host: `grafana.${host}` } })

/** Data sources with fixed uids and, where Grafana is the stack's own, its administrator and its public name. */
export function grafanaObjects({ settings }: GrafanaArgs): readonly KubernetesObject[] {
  const own = settings.operators === 'install'
  return [sources(settings), ...(own ? [administrator(settings), route(settings)] : [])]
}

const sources = (settings: Settings): KubernetesObject => {
  const { observability } = namespacesOf(settings.stack)
  const { prometheus, tempo, loki } = endpointsOf(settings.stack)
  const url = ({ host, port }: { host: string; port: number }): string => `http://${host}:${port}`
  const metadata = metadataOf('grafana-sources', 'data-sources', settings)
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...metadata, labels: { ...metadata.labels, ...sourceLabel } },
    data: {
      'maru.yaml': stringify(
        dataSources({
          prometheus: url(prometheus),
          tempo: url(tempo),
          loki: url(loki),
          alertmanager: url({ host: `alertmanager-operated.${observability}`, port: 9093 }),
        }),
      ),
    },
  }
}

const adminSpec: SecretSpec = {
  name: grafanaAdmin,
  passwords: [grafanaAdmin],
  data: ({ password }) => ({ username: 'admin', password: password(grafanaAdmin) }),
}

/** From the stack's seed, or from wherever its secrets come; it is not rendered, since Grafana is always Pulumi's. */
function administrator(settings: Settings): KubernetesObject {
  const metadata = metadataOf(grafanaAdmin, 'secret', settings)
  if (settings.secrets.mode === 'external')
    return { ...externalSecret(adminSpec, { settings }), metadata }
  const { username, password } = adminSpec.data(filledFrom(settings.secrets.seed))
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type: 'Opaque',
    stringData: { username, password: pulumi.secret(password) },
  }
}

const route = (settings: Settings): KubernetesObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: metadataOf('grafana', 'route', settings),
  spec: {
    parentRefs: [{ name: frontDoorName, namespace: namespacesOf(settings.stack).platform }],
    hostnames: [new URL(grafanaUrl(settings)).hostname],
    rules: [{ backendRefs: [grafanaService(settings)] }],
  },
})

/** What makes Grafana show the stack. Output `url`: where people open it. */
export class Grafana extends pulumi.ComponentResource {
  readonly url: string
  constructor(name: string, args: GrafanaArgs, options: pulumi.ComponentResourceOptions) {
    super('maru:observability:Grafana', name, {}, options)
    registerAll(grafanaObjects(args), args.settings, this)
    this.url = grafanaUrl(args.settings)
    this.registerOutputs({ url: this.url })
  }
}
