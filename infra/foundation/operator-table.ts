import type { Settings } from '../settings.ts'

/** A chart that brings kinds which the rest of a stack is written in. */
export interface Operator {
  /** Name of the Helm release, unique in the table. */
  readonly name: string
  readonly chart: string
  /** Address of the chart's repository; absent where the chart is an OCI reference. */
  readonly repository?: string
  /** Exact version of the chart. */
  readonly version: string
  /** API groups of its kinds. */
  readonly groups: readonly string[]
  /** Which component installs it; the namespace follows from that. */
  readonly installedBy: 'operators' | 'observability' | 'delivery'
  /** Releases that must be ready before it. */
  readonly after: readonly string[]
  /** Whether a stack needs it; by default every stack does. */
  readonly wantedBy?: (settings: Settings) => boolean
  readonly values: object
}

/** Pod Security `restricted` in the words of most charts: for the pod, and for each container. */
const podSecurityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }
const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } }
const restricted = { podSecurityContext, securityContext }

const cnpgCharts = 'https://cloudnative-pg.github.io/charts'
const prometheusCharts = 'https://prometheus-community.github.io/helm-charts'
const mariadbCharts = 'oci://ghcr.io/mariadb-operator/charts'

/**
 * Every operator and its version: the one place to raise them. They watch all namespaces, so that the stacks of one
 * cluster can share those of the stack that installs them.
 */
export const operatorTable: readonly Operator[] = [
  {
    name: 'prometheus-operator-crds',
    chart: 'prometheus-operator-crds',
    repository: prometheusCharts,
    // Those of operator v0.93.1. Apart from kube-prometheus-stack, since stores and services have monitors before it.
    version: '31.0.1',
    groups: ['monitoring.coreos.com'],
    installedBy: 'operators',
    after: [],
    values: {},
  },
  {
    name: 'cert-manager',
    chart: 'oci://quay.io/jetstack/charts/cert-manager',
    version: 'v1.21.1',
    groups: ['cert-manager.io'],
    installedBy: 'operators',
    after: [],
    values: { crds: { enabled: true, keep: true } },
  },
  {
    name: 'strimzi',
    chart: 'oci://quay.io/strimzi-helm/strimzi-kafka-operator',
    version: '1.2.0',
    groups: ['kafka.strimzi.io'],
    installedBy: 'operators',
    after: [],
    // Its own policies let everybody in on the listeners, and policies add up: ours are the tighter ones.
    values: { watchAnyNamespace: true, generateNetworkPolicy: false },
  },
  {
    name: 'cloudnative-pg',
    chart: 'cloudnative-pg',
    repository: cnpgCharts,
    // CloudNativePG 1.30.0.
    version: '0.29.0',
    groups: ['postgresql.cnpg.io'],
    installedBy: 'operators',
    after: [],
    values: {},
  },
  {
    name: 'barman-cloud',
    chart: 'plugin-barman-cloud',
    repository: cnpgCharts,
    version: '0.7.1',
    groups: ['barmancloud.cnpg.io'],
    installedBy: 'operators',
    // The plugin and the operator speak TLS with certificates of cert-manager.
    after: ['cert-manager', 'cloudnative-pg'],
    wantedBy: ({ postgres }) => postgres.backups !== '',
    values: {},
  },
  {
    name: 'mariadb-operator-crds',
    chart: `${mariadbCharts}/mariadb-operator-crds`,
    version: '26.6.0',
    groups: ['k8s.mariadb.com'],
    installedBy: 'operators',
    after: [],
    values: {},
  },
  {
    name: 'mariadb-operator',
    chart: `${mariadbCharts}/mariadb-operator`,
    version: '26.6.0',
    groups: [],
    installedBy: 'operators',
    after: ['mariadb-operator-crds'],
    values: { ...restricted, webhook: restricted, certController: restricted },
  },
  {
    name: 'opensearch-operator',
    chart: 'opensearch-operator',
    repository: 'https://opensearch-project.github.io/opensearch-k8s-operator/',
    version: '3.0.2',
    groups: ['opensearch.org'],
    installedBy: 'operators',
    // Its webhook's certificate.
    after: ['cert-manager'],
    values: {
      securityContext: podSecurityContext,
      kubeRbacProxy: { securityContext },
      manager: {
        securityContext,
        // It would change the owner of the volume as root; `fsGroup` does that.
        extraEnv: [{ name: 'SKIP_INIT_CONTAINER', value: 'true' }],
      },
    },
  },
  {
    name: 'keda',
    chart: 'keda',
    repository: 'https://kedacore.github.io/charts',
    version: '2.20.2',
    groups: ['keda.sh'],
    installedBy: 'operators',
    after: [],
    values: {},
  },
  {
    name: 'external-secrets',
    chart: 'external-secrets',
    repository: 'https://charts.external-secrets.io',
    version: '2.9.0',
    groups: ['external-secrets.io'],
    installedBy: 'operators',
    after: [],
    wantedBy: ({ secrets }) => secrets.mode === 'external',
    values: { installCRDs: true },
  },
  {
    name: 'envoy-gateway',
    chart: 'oci://docker.io/envoyproxy/gateway-helm',
    version: 'v1.9.0',
    groups: ['gateway.networking.k8s.io', 'gateway.envoyproxy.io'],
    installedBy: 'operators',
    after: [],
    values: {},
  },
  {
    name: 'kube-prometheus-stack',
    chart: 'kube-prometheus-stack',
    repository: prometheusCharts,
    version: '88.5.3',
    groups: [],
    installedBy: 'observability',
    after: ['prometheus-operator-crds'],
    values: { crds: { enabled: false } },
  },
  {
    name: 'argocd',
    chart: 'argo-cd',
    repository: 'https://argoproj.github.io/argo-helm',
    // The last chart of the 3.2 line; it was never released again for 3.2's later patches.
    version: '9.3.7',
    groups: ['argoproj.io'],
    installedBy: 'delivery',
    after: [],
    values: { global: { image: { tag: 'v3.2.11' } } },
  },
]

/** Rows that a stack needs. @param installedBy only those of one component; all by default */
export const operatorsOf = (
  settings: Settings,
  installedBy?: Operator['installedBy'],
): readonly Operator[] =>
  operatorTable.filter(
    (row) =>
      (row.wantedBy?.(settings) ?? true) &&
      (installedBy === undefined || row.installedBy === installedBy),
  )

/** The row of that name. @throws Error naming all rows */
export function operatorNamed(name: string): Operator {
  const found = operatorTable.find((row) => row.name === name)
  if (found) return found
  const names = operatorTable.map((row) => row.name).join(', ')
  throw new Error(`There is no operator "${name}". Operators are: ${names}.`)
}

/** API groups that must be served before a stack's objects can be made, e.g. to say which are missing. */
export const groupsOf = (settings: Settings): readonly string[] =>
  operatorsOf(settings).flatMap(({ groups }) => groups)
