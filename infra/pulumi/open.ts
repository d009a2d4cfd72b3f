import { join } from 'node:path'
import { execa } from 'execa'
import type { Topology } from '../../services/model/topology.ts'
import { runningKubeconfig } from '../cluster/checkout-cluster.ts'
import { obtainBinaries } from '../go/binaries.ts'
import { endpointsOf, namespacesOf } from '../endpoints.ts'
import { frontDoorOf } from '../local/addresses.ts'
import type { Places } from '../local/paths.ts'
import { grafanaService } from '../observability/grafana.ts'
import { stackValue } from './project.ts'

/** How kubectl reaches the cluster of a stack. */
export interface StackCluster {
  readonly kubectl: string
  /** Words that say which cluster; none where kubectl's own choice is meant. */
  readonly words: readonly string[]
  /** On the throw-away cluster no container runs. */
  readonly simulated: boolean
}

/** A server of a stack that people open, and where it is forwarded to. */
export interface Door {
  readonly name: 'gateway' | 'grafana' | 'prometheus' | 'argocd'
  readonly namespace: string
  readonly service: string
  readonly port: number
  readonly scheme: 'http' | 'https'
  /** Port of this machine that would be natural. */
  readonly localPort: number
}

/** Doors of a stack. */
export function doorsOf(stack: string, topology: Topology): readonly Door[] {
  const { platform, observability, argocd } = namespacesOf(stack)
  const { name, port } = frontDoorOf(topology)
  const { prometheus } = endpointsOf(stack)
  const grafana = grafanaService({ stack })
  const http = 'http' as const
  return [
    { name: 'gateway', namespace: platform, service: name, port, scheme: http, localPort: port },
    {
      ...{ name: 'grafana', namespace: observability, service: grafana.name, port: grafana.port },
      ...{ scheme: http, localPort: 3000 },
    },
    {
      ...{ name: 'prometheus', namespace: observability, port: prometheus.port, scheme: http },
      service: prometheus.host.split('.')[0] ?? '',
      localPort: prometheus.port,
    },
    // Names and port of the chart argo-cd; its certificate is its own.
    {
      ...{ name: 'argocd', namespace: argocd, service: 'argocd-server', port: 443 },
      ...{ scheme: 'https', localPort: 8443 },
    },
  ]
}

/** Words for kubectl that forward a door to a port of this machine. */
export const forwardWords = (
  { words }: Pick<StackCluster, 'words'>,
  { namespace, service, port }: Door,
  localPort: number,
): readonly string[] => [
  ...words,
  ...['--namespace', namespace, 'port-forward', `service/${service}`, `${localPort}:${port}`],
]

/**
 * The cluster of a stack: the one that is named, this checkout's throw-away one while it runs, the one that the stack's
 * configuration names, or the one that kubectl would take.
 * @throws Error with code ENVIRONMENT when there is no kubectl
 */
export async function stackCluster(
  where: Places,
  stack: string,
  named: string | undefined,
): Promise<StackCluster> {
  const throwAway = named === undefined ? await runningKubeconfig(where) : undefined
  if (throwAway !== undefined) {
    const { kubernetes } = await obtainBinaries(['kubernetes'], { ...where, say: () => undefined })
    const words = ['--kubeconfig', throwAway]
    return { kubectl: join(kubernetes, 'kubectl'), words, simulated: true }
  }
  const kubectl = 'kubectl'
  const found = await execa(kubectl, ['version', '--client'], { reject: false, stdin: 'ignore' })
  if (found.failed)
    throw environment(
      'There is no kubectl on PATH: install it (https://kubernetes.io/docs/tasks/tools).',
    )
  const kubeconfig = named ?? configured(where, stack, 'maru:kubeconfig')
  const context = named === undefined ? configured(where, stack, 'maru:context') : undefined
  const words = [
    ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
    ...(context === undefined ? [] : ['--context', context]),
  ]
  return { kubectl, words, simulated: false }
}

/** A plain value of the stack: of `./maru pulumi`'s copy, or of the checkout's own file. Encrypted ones and texts are nobody's path. */
function configured({ state, root }: Places, stack: string, key: string): string | undefined {
  const value = [join(state, 'pulumi/project'), root]
    .map((folder) => stackValue(folder, stack, key))
    .find((one) => typeof one === 'string' && one !== '' && !one.includes('\n'))
  return typeof value === 'string'
    ? value.replace(/^~(?=\/)/, process.env['HOME'] ?? '~')
    : undefined
}

/** The machine lacks something. */
export const environment = (message: string): Error =>
  Object.assign(new Error(message), { code: 'ENVIRONMENT' })
