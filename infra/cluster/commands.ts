import { join } from 'node:path'
import type { ToolName } from '../go/binaries.ts'
import { filesOf, type ClusterSite } from './layout.ts'

/** A process of a cluster: its name and its command line. */
export interface ClusterCommand {
  readonly name: string
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

type Folders = Readonly<Record<Extract<ToolName, 'etcd' | 'kubernetes' | 'kwok'>, string>>

/** How long a node may be silent, in seconds: nobody takes its place, so it need not be noticed soon. */
const leaseSeconds = 40

/** What stores and serves the API: first of all. */
export const apiCommands = (site: ClusterSite, folders: Folders): readonly ClusterCommand[] => [
  etcd(site, folders),
  apiServer(site, folders),
]

/** What acts on the API; it starts when the definitions are served. */
export const actingCommands = (site: ClusterSite, folders: Folders): readonly ClusterCommand[] => [
  controllers(site, folders),
  scheduler(site, folders),
  kwok(site, folders),
  metrics(site),
]

function etcd(site: ClusterSite, folders: Folders): ClusterCommand {
  const [client, peer] = [url(site.ports.etcd), url(site.ports.etcdPeer)]
  return {
    name: 'cluster-etcd',
    argv: [
      join(folders.etcd, 'etcd'),
      `--data-dir=${filesOf(site).etcd}`,
      // A throw-away store need not survive the machine.
      '--unsafe-no-fsync',
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--log-level=warn',
    ],
  }
}

const url = (port: number): string => `http://127.0.0.1:${port}`

function apiServer(site: ClusterSite, folders: Folders): ClusterCommand {
  const { certificates, tokens, signingKey, verifyingKey } = filesOf(site)
  return {
    name: 'cluster-apiserver',
    argv: [
      join(folders.kubernetes, 'kube-apiserver'),
      `--etcd-servers=${url(site.ports.etcd)}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${site.ports.api}`,
      `--cert-dir=${certificates}`,
      `--service-account-key-file=${verifyingKey}`,
      `--service-account-signing-key-file=${signingKey}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--token-auth-file=${tokens}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--endpoint-reconciler-type=none',
      '--profiling=false',
    ],
  }
}

function controllers(site: ClusterSite, folders: Folders): ClusterCommand {
  const { kubeconfig, signingKey, authority } = filesOf(site)
  return {
    name: 'cluster-controllers',
    argv: [
      join(folders.kubernetes, 'kube-controller-manager'),
      `--kubeconfig=${kubeconfig('controllers')}`,
      `--service-account-private-key-file=${signingKey}`,
      `--root-ca-file=${authority}`,
      '--use-service-account-credentials',
      // People wait for it; a real cluster's longer times spare a server that many share, and pods that warm up.
      '--horizontal-pod-autoscaler-sync-period=2s',
      '--horizontal-pod-autoscaler-initial-readiness-delay=1s',
      '--horizontal-pod-autoscaler-cpu-initialization-period=1s',
      '--leader-elect=false',
      '--secure-port=0',
      '--profiling=false',
    ],
  }
}

const scheduler = (site: ClusterSite, folders: Folders): ClusterCommand => ({
  name: 'cluster-scheduler',
  argv: [
    join(folders.kubernetes, 'kube-scheduler'),
    `--kubeconfig=${filesOf(site).kubeconfig('scheduler')}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--profiling=false',
  ],
})

const kwok = (site: ClusterSite, folders: Folders): ClusterCommand => ({
  name: 'cluster-kwok',
  argv: [
    join(folders.kwok, 'kwok'),
    `--kubeconfig=${filesOf(site).kubeconfig('kwok')}`,
    '--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake',
    '--cidr=10.244.0.0/16',
    `--node-lease-duration-seconds=${leaseSeconds}`,
    `--config=${filesOf(site).stages}`,
  ],
})

const metrics = (site: ClusterSite): ClusterCommand => ({
  name: 'cluster-metrics',
  argv: [
    process.execPath,
    join(import.meta.dirname, 'metrics-api/main.ts'),
    filesOf(site).kubeconfig('metrics'),
    filesOf(site).certificates,
    String(site.ports.metrics),
  ],
})
