import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { partOf, type KubernetesObject } from '../kubernetes/object.ts'
import { ownServer } from '../local/engines/testing.ts'
import { poll } from '../local/poll.ts'
import { freePorts } from '../local/ports.ts'
import { obtainBinaries } from '../go/binaries.ts'
import type { ClusterCommand } from './commands.ts'
import { childRunner, type OwnCluster } from './own-cluster.ts'

/** Argo CD's controllers beside a test's cluster. */
export interface OwnArgoCd {
  /** The application's health and sync, e.g. `Healthy Synced`; empty while it is not there. */
  state(application: string): Promise<string>
  /** Waits until an application is in that state. @throws Error with the last state and its messages */
  until(application: string, state: string): Promise<void>
  /** Looks at the repository again at once, as a webhook would have it do. */
  refresh(application: string): Promise<void>
  stop(): Promise<void>
}

interface Places {
  readonly dir: string
  readonly kubeconfig: string
  readonly ports: readonly number[]
}

const namespace = 'argocd'
const withinMs = 90_000

/**
 * Starts redis, repo-server, application-controller and applicationset-controller of Argo CD 3.2.11.
 * @param settings what `argocd-cm` holds beside the test's short times
 */
export async function ownArgoCd(
  cluster: OwnCluster,
  settings: Readonly<Record<string, string>>,
): Promise<OwnArgoCd> {
  const workshop = { cache: cluster.cache, say: () => undefined }
  const folders = await obtainBinaries(['argocd', 'kustomize'], workshop)
  const dir = await mkdtemp(join(tmpdir(), 'maru-argocd-'))
  for (const name of ['tls', 'ssh', 'gpg', 'tmp']) mkdirSync(join(dir, name))
  const kubeconfig = join(dir, 'kubeconfig')
  const text = readFileSync(cluster.kubeconfig, 'utf8')
  writeFileSync(
    kubeconfig,
    text.replace('cluster: maru\n', `cluster: maru\n      namespace: ${namespace}\n`),
  )
  for (const [object, plural] of objects(settings)) await cluster.api.apply(object, plural)
  const redis = await ownServer('redis')
  const runner = childRunner(dir)
  const place = { dir, kubeconfig, ports: await freePorts(7) }
  const env = { ...environment(dir, folders, redis.site.password), KUBECONFIG: kubeconfig }
  for (const command of commands(place, folders.argocd, `127.0.0.1:${redis.port}`))
    await runner.start({ ...command, env: { ...env, ...command.env } })
  return {
    ...asking(cluster),
    stop: async () => {
      await runner.stop()
      await redis.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

function asking({ kubectl }: OwnCluster): Pick<OwnArgoCd, 'state' | 'until' | 'refresh'> {
  const get = (application: string, path: string): Promise<string> =>
    kubectl(
      '-n',
      namespace,
      'get',
      'application',
      application,
      '--ignore-not-found',
      '-o',
      `jsonpath=${path}`,
    )
  const state = (application: string): Promise<string> =>
    get(application, '{.status.health.status} {.status.sync.status}')
  return {
    state,
    until: async (application, wanted) => {
      const seen = await poll(
        async () => ((await state(application)) === wanted ? true : undefined),
        { withinMs, everyMs: 250 },
      )
      if (seen === true) return
      const status = await get(application, '{.status}')
      throw new Error(
        `${application} is not ${wanted}, but ${await state(application)}: ${status.slice(0, 3000)}`,
      )
    },
    refresh: async (application) => {
      const note = 'argocd.argoproj.io/refresh=hard'
      await kubectl('-n', namespace, 'annotate', '--overwrite', 'application', application, note)
    },
  }
}

/** The settings of Argo CD, with times for a test that does not want to wait. */
function objects(
  settings: Readonly<Record<string, string>>,
): readonly (readonly [KubernetesObject, string])[] {
  const labels = { ...partOf, 'app.kubernetes.io/part-of': 'argocd' }
  const map = (name: string, data: Readonly<Record<string, string>> = {}) =>
    [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels }, data },
      'configmaps',
    ] as const
  const times = { 'timeout.reconciliation': '10s', 'timeout.reconciliation.jitter': '0s' }
  return [
    map('argocd-cm', { ...settings, ...times }),
    map('argocd-rbac-cm'),
    map('argocd-cmd-params-cm'),
    [
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'argocd-secret', namespace, labels },
        stringData: { 'server.secretkey': randomBytes(16).toString('hex') },
      },
      'secrets',
    ],
  ]
}

const environment = (
  dir: string,
  folders: Readonly<Record<'kustomize', string>>,
  redisPassword: string,
): Readonly<Record<string, string>> => ({
  ARGOCD_FAKE_IN_CLUSTER: 'true',
  ARGOCD_GPG_ENABLED: 'false',
  ARGOCD_TLS_DATA_PATH: join(dir, 'tls'),
  ARGOCD_SSH_DATA_PATH: join(dir, 'ssh'),
  ARGOCD_GNUPGHOME: join(dir, 'gpg'),
  ARGOCD_PLUGINSOCKFILEPATH: join(dir, 'tmp'),
  TMPDIR: join(dir, 'tmp'),
  HOME: join(dir, 'tmp'),
  PATH: `${folders.kustomize}:${process.env['PATH'] ?? ''}`,
  REDIS_PASSWORD: redisPassword,
})

/** One program, which is the part that its name says. */
function commands(
  { kubeconfig, ports }: Places,
  folder: string,
  redis: string,
): readonly ClusterCommand[] {
  const [
    repo = 0,
    repoMetrics = 0,
    controllerMetrics = 0,
    setMetrics = 0,
    setProbe = 0,
    setHook = 0,
  ] = ports
  const argocd = join(folder, 'argocd')
  const address = `127.0.0.1:${repo}`
  const part = (name: string, args: readonly string[], env = {}): ClusterCommand => ({
    name: `argocd-${name}`,
    argv: [argocd, ...args],
    env: { ARGOCD_BINARY_NAME: `argocd-${name}`, ...env },
  })
  return [
    part('repo-server', [
      ...['--address', '127.0.0.1', '--port', String(repo)],
      ...['--metrics-address', '127.0.0.1', '--metrics-port', String(repoMetrics)],
      ...['--disable-tls', '--revision-cache-expiration', '3s', '--redis', redis],
    ]),
    part(
      'application-controller',
      [
        ...['--kubeconfig', kubeconfig, '--namespace', namespace],
        ...['--repo-server', address, '--repo-server-plaintext', '--redis', redis],
        ...['--metrics-port', String(controllerMetrics), '--app-resync', '10'],
        ...['--self-heal-timeout-seconds', '1', '--status-processors', '4'],
        ...['--operation-processors', '4'],
      ],
      { HOSTNAME: 'local-0' },
    ),
    part('applicationset-controller', [
      ...['--kubeconfig', kubeconfig, '--namespace', namespace],
      ...['--argocd-repo-server', address, '--repo-server-plaintext'],
      ...['--metrics-addr', `127.0.0.1:${setMetrics}`, '--probe-addr', `127.0.0.1:${setProbe}`],
      ...['--webhook-addr', `127.0.0.1:${setHook}`],
    ]),
  ]
}
