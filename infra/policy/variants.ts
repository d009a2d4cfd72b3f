import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Draft } from './rule.ts'

/** A small change of a real object, and the rules that it breaks; none: it is as good as before. */
export interface Variant {
  readonly name: string
  readonly kind: string
  readonly change: (object: Draft) => void
  readonly breaks: readonly string[]
  /** Kubernetes refuses it as invalid before any policy is asked. */
  readonly invalid?: boolean
}

const digest = `sha256:${'0'.repeat(64)}`

const ofPod = (name: string, breaks: readonly string[], change: (pod: Draft) => void): Variant => ({
  name,
  kind: 'Deployment',
  breaks,
  change: ({ spec }) => change(spec.template.spec),
})

const ofContainer = (
  name: string,
  breaks: readonly string[],
  change: (container: Draft) => void,
): Variant => ofPod(name, breaks, ({ containers: [first] }) => change(first))

const ofKind = (
  kind: string,
  name: string,
  breaks: readonly string[],
  change: (object: Draft) => void,
): Variant => ({ name: `${kind}: ${name}`, kind, breaks, change })

const withImage = (image: string, breaks: readonly string[]): Variant =>
  ofContainer(`image ${image.replace(digest, '(digest)')}`, breaks, (one) => (one.image = image))

const withEnv = (name: string, value: string, breaks: readonly string[]): Variant =>
  ofContainer(`env ${name}=${value}`, breaks, ({ env }) => env.push({ name, value }))

const asSidecar = (pod: Draft): Draft => {
  const sidecar = structuredClone(pod.containers[0])
  for (const field of ['startupProbe', 'readinessProbe', 'livenessProbe', 'lifecycle', 'ports'])
    delete sidecar[field]
  sidecar.name = 'first'
  pod.initContainers = [sidecar]
  return sidecar
}

const everySecurityRule = ['no-escalation', 'no-capabilities', 'read-only-root']

/** What is easily judged differently by two languages: what is absent, empty, or said in two places. */
export const variants: readonly Variant[] = [
  ofPod('no securityContext', ['non-root', 'user-id', 'seccomp'], (pod) => {
    delete pod.securityContext
    for (const one of pod.containers) delete one.securityContext.runAsNonRoot
  }),
  ofContainer('a container without securityContext', everySecurityRule, (one) => {
    delete one.securityContext
  }),
  ofContainer('root by the container', ['non-root'], (one) => {
    one.securityContext.runAsNonRoot = false
  }),
  ofContainer('uid 0 by the container', ['user-id'], (one) => (one.securityContext.runAsUser = 0)),
  ofContainer('a high uid by the container', [], (one) => (one.securityContext.runAsUser = 20_000)),
  ofContainer('unconfined by the container', ['seccomp'], (one) => {
    one.securityContext.seccompProfile = { type: 'Unconfined' }
  }),
  ofContainer('the default said twice', [], (one) => {
    one.securityContext.seccompProfile = { type: 'RuntimeDefault' }
  }),
  ofContainer('a capability again', ['no-capabilities'], (one) => {
    one.securityContext.capabilities.add = ['NET_BIND_SERVICE']
  }),
  ofContainer('no capability again', [], (one) => (one.securityContext.capabilities.add = [])),
  {
    ...ofContainer('privileged', ['no-escalation'], (one) => {
      Object.assign(one.securityContext, { privileged: true })
    }),
    invalid: true,
  },
  ofPod('an init container like the others', [], asSidecar),
  ofPod('an init container that may escalate', ['no-escalation'], (pod) => {
    asSidecar(pod).securityContext.allowPrivilegeEscalation = true
  }),
  ofPod('an init container of the latest image', ['image-version'], (pod) => {
    asSidecar(pod).image = `registry.example.com/a:latest@${digest}`
  }),
  ofPod('no field for the token', ['no-token'], (pod) => delete pod.automountServiceAccountToken),
  ofPod('network of the host', ['no-host'], (pod) => (pod.hostNetwork = true)),
  ofPod('no host, said so', [], (pod) => Object.assign(pod, { hostPID: false, hostIPC: false })),
  ofPod('one spread', ['spread'], (pod) => pod.topologySpreadConstraints.pop()),
  ofPod('empty volumes', [], (pod) => {
    pod.volumes = []
    for (const one of pod.containers) one.volumeMounts = []
  }),
  ofContainer('empty limits', ['resources'], (one) => (one.resources.limits = {})),
  ofContainer('no resources', ['resources'], (one) => delete one.resources),
  ofContainer('a CPU limit too', [], (one) => (one.resources.limits.cpu = '2')),
  ofContainer('no readiness', ['probes'], (one) => delete one.readinessProbe),
  ofContainer('hostPort 0', [], (one) => (one.ports[0].hostPort = 0)),
  withEnv('PROVIDER_API_KEY', 'x', ['secret-by-file']),
  withEnv('provider_password', 'x', ['secret-by-file']),
  withEnv('STORE_URL', 'redis://one:two@redis:6379', ['secret-by-file']),
  withEnv('STORE_URL', 'redis://redis:6379/a@b', []),
  withEnv('UNSET_TOKEN', '', []),
  withEnv('TOKEN_URL', 'http://auth/token', []),
  ofContainer('env by reference', [], ({ env }) =>
    env.push({ name: 'A_TOKEN', valueFrom: { secretKeyRef: { name: 'a', key: 'b' } } }),
  ),
  withImage(`registry.example.com:5000/a@${digest}`, []),
  withImage('registry.example.com:5000/a:1', ['image-digest']),
  withImage('registry.example.com:5000/a', ['image-digest', 'image-version']),
  withImage(`registry.example.com/a:1@${digest.slice(0, -1)}`, ['image-digest']),
  withImage('registry.example.com/a:latest', ['image-digest', 'image-version']),
  ofKind('Deployment', 'no component', ['labels'], ({ metadata }) => {
    delete metadata.labels['app.kubernetes.io/component']
  }),
  ofKind('Deployment', 'not a service', [], (object) => {
    object.metadata.labels['app.kubernetes.io/component'] = 'tool'
    delete object.spec.template.spec.topologySpreadConstraints
  }),
  ofKind('Service', 'no type', [], ({ spec }) => delete spec.type),
  ofKind(
    'Service',
    'a load balancer',
    ['service-type'],
    ({ spec }) => (spec.type = 'LoadBalancer'),
  ),
  ofKind('PodDisruptionBudget', 'half', [], ({ spec }) => (spec.maxUnavailable = '50%')),
  ofKind('PodDisruptionBudget', '0%', ['drains'], ({ spec }) => (spec.maxUnavailable = '0%')),
  ofKind('PodDisruptionBudget', 'at least one', ['drains'], ({ spec }) => {
    delete spec.maxUnavailable
    spec.minAvailable = 1
  }),
  ofKind('NetworkPolicy', 'from nobody in particular', ['named-callers'], ({ spec }) => {
    spec.ingress = [{ from: [] }]
  }),
  ofKind('NetworkPolicy', 'from nobody', [], ({ spec }) => (spec.ingress = [])),
  ofKind('HTTPRoute', 'no parent', ['front-door'], ({ spec }) => delete spec.parentRefs),
  ofKind('StatefulSet', 'claims as Kubernetes keeps them', [], ({ spec }) => {
    delete spec.persistentVolumeClaimRetentionPolicy
  }),
  ofKind('StatefulSet', 'claims of the scaled away', ['keeps-claims'], ({ spec }) => {
    spec.persistentVolumeClaimRetentionPolicy.whenScaled = 'Delete'
  }),
  ofKind('KafkaNodePool', 'nothing about claims', [], ({ spec }) => {
    for (const volume of spec.storage.volumes) delete volume.deleteClaim
  }),
  ofKind('Database', 'nothing about reclaiming', [], ({ spec }) => {
    delete spec.databaseReclaimPolicy
  }),
  ofKind('Deployment', 'as a DaemonSet on a node’s files', ['no-host'], (object) => {
    const { selector, template } = object.spec
    template.spec.volumes.push({ name: 'host', hostPath: { path: '/' } })
    Object.assign(object, { kind: 'DaemonSet', spec: { selector, template } })
  }),
  ofKind('Job', 'in time', [], onSchedule),
  ofKind('Job', 'in time, as root', ['non-root'], (object) => {
    object.spec.template.spec.securityContext.runAsNonRoot = false
    onSchedule(object)
  }),
]

function onSchedule(job: Draft): void {
  const { spec } = job
  Object.assign(job, {
    kind: 'CronJob',
    spec: { schedule: '0 3 * * *', jobTemplate: { spec } },
  })
}

/** The object of a variant: a real one, of a service where a service has one. */
export function variantOf(
  { kind, name, change }: Variant,
  objects: readonly KubernetesObject[],
): KubernetesObject {
  const able = objects.filter((one) => one.kind === kind)
  const good = able.find(isService) ?? able[0]
  if (!good) throw new Error(`No object of the stack is a ${kind}, for "${name}".`)
  const changed = structuredClone(good) as Draft
  change(changed)
  return changed as KubernetesObject
}

const isService = ({ metadata }: KubernetesObject): boolean =>
  metadata.labels?.['app.kubernetes.io/component'] === 'service'
