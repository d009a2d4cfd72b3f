import { environmentOf } from '../../services/kit/bindings.ts'
import { adminOffset, speaksKafka, type Service } from '../../services/model/service.ts'
import { clusters, secretsFolder } from '../endpoints.ts'
import { clusterAddresses, drainMs, mountedSecrets, opensearchCa } from './addresses.ts'
import { enginesOf } from './edges.ts'
import { kafkaPasswordKey } from './kafka-access.ts'
import type { StackContext } from './stack-context.ts'

/** Numeric, so that the kubelet can tell that it is not root; above the range of Debian's accounts. */
const userId = 10_001

/** The kit's STOP_DEADLINE_MS and what its telemetry may take after it, in seconds. */
const stopSeconds = 18

/** Share of the memory limit that V8's old space may have; the rest is for buffers, code and stacks. */
const heapShare = 0.7

/** Pod Security `restricted`, in full. */
export const podSecurity = {
  runAsNonRoot: true,
  runAsUser: userId,
  runAsGroup: userId,
  fsGroup: userId,
  seccompProfile: { type: 'RuntimeDefault' },
} as const

export const containerSecurity = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
} as const

/** Everything of a pod that serving and migrating share. @param arguments_ what follows the image's entry point */
export function podSpec(service: Service, context: StackContext, migrating: boolean) {
  return {
    serviceAccountName: service.name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: podSecurity,
    terminationGracePeriodSeconds: drainMs / 1000 + stopSeconds,
    containers: [
      {
        name: service.name,
        image: context.image(service).reference,
        ...(migrating ? { args: ['migrate'] } : serving(service)),
        env: environment(service, context, migrating),
        resources: resourcesOf(service, context),
        securityContext: containerSecurity,
        volumeMounts: [
          { name: 'tmp', mountPath: '/tmp' },
          ...(secretSources(service).length > 0
            ? [{ name: 'secrets', mountPath: secretsFolder, readOnly: true }]
            : []),
        ],
      },
    ],
    volumes: volumes(service),
  }
}

const serving = ({ port }: Service) => ({
  ports: [
    { name: 'http', containerPort: port },
    { name: 'admin', containerPort: port + adminOffset },
  ],
  // Migrations of a first installation may still run: two minutes until the start has failed.
  startupProbe: probe('/startupz', { periodSeconds: 2, failureThreshold: 60 }),
  readinessProbe: probe('/readyz', { periodSeconds: 5, failureThreshold: 2, timeoutSeconds: 3 }),
  livenessProbe: probe('/livez', { periodSeconds: 10, failureThreshold: 3, timeoutSeconds: 3 }),
})

const probe = (path: string, times: object) => ({ httpGet: { path, port: 'admin' }, ...times })

export function resourcesOf(
  { name }: Service,
  { settings }: Pick<StackContext, 'settings'>,
): { requests: { cpu: string; memory: string }; limits: { memory: string } } {
  const { cpu, memory } = { ...settings.resources, ...settings.services[name] }
  // No CPU limit: it would throttle a replica while the node's other cores idle.
  return { requests: { cpu, memory }, limits: { memory } }
}

function environment(service: Service, context: StackContext, migrating: boolean) {
  const { INSTANCE: _, ...rest } = environmentOf(
    service,
    clusterAddresses(service, context, migrating),
  )
  const heap = Math.floor(mebibytes(resourcesOf(service, context).limits.memory) * heapShare)
  return [
    // First, since the others refer to it.
    { name: 'INSTANCE', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ...Object.entries(rest).map(([name, value]) => ({ name, value })),
    { name: 'NODE_OPTIONS', value: `--max-old-space-size=${heap} ${smallNursery}` },
  ]
}

/** MiB. Under load the default of 16 took 70 MiB more of a pod's memory, and was not faster. */
const smallNursery = '--max-semi-space-size=8'

const units: Readonly<Record<string, number>> = { Mi: 1, Gi: 1024, Ti: 1024 * 1024 }

/** @param quantity such as `512Mi`, as the settings' schema allows it */
export const mebibytes = (quantity: string): number =>
  Number.parseInt(quantity, 10) * (units[quantity.slice(-2)] ?? 1)

const volumes = (service: Service) => [
  { name: 'tmp', emptyDir: {} },
  ...(secretSources(service).length > 0
    ? [{ name: 'secrets', projected: { defaultMode: 0o440, sources: secretSources(service) } }]
    : []),
]

/** Key `password` of the Secret that Strimzi makes for the service's user; OpenSearch's authority beside them. */
function secretSources(service: Service) {
  const own = mountedSecrets(service).map(({ secret, key, path }) => source(secret, key, path))
  const kafka = speaksKafka(service) ? [source(service.name, 'password', kafkaPasswordKey)] : []
  const search = enginesOf(service).includes('opensearch')
    ? [source(`${clusters.opensearch}-http-cert`, 'ca.crt', opensearchCa.split('/').at(-1) ?? '')]
    : []
  return [...own, ...kafka, ...search]
}

const source = (name: string, key: string, path: string) => ({
  secret: { name, items: [{ key, path }] },
})
