import {
  always,
  componentOf,
  containersOf,
  everyContainer,
  isComponent,
  podOf,
  targets,
  workloads,
} from './rule.ts'
import type { Container, Draft, ObjectRule, Pod } from './rule.ts'

interface PodRule {
  readonly id: string
  readonly message: string
  readonly check: (pod: Pod) => boolean
  readonly cel: string
  readonly bad: (pod: Draft) => void
}

const aboutPods = ({ id, message, check, cel, bad }: PodRule): ObjectRule => ({
  scope: 'object',
  id,
  message,
  cel,
  targets: workloads,
  level: always,
  check: (object) => check(podOf(object)),
  bad: (good) => bad(good.spec.template.spec),
})

interface ContainerRule {
  readonly id: string
  readonly message: string
  readonly check: (container: Container) => boolean
  readonly cel: string
  readonly bad: (container: Draft) => void
}

const aboutContainers = ({ id, message, check, cel, bad }: ContainerRule): ObjectRule => ({
  scope: 'object',
  id,
  message,
  cel: everyContainer(cel),
  targets: workloads,
  level: always,
  check: (object) => containersOf(object).every(check),
  bad: (good) => bad(good.spec.template.spec.containers[0]),
})

/** What runs our own images: there the user and the file system are ours to choose. */
const ours = ['service', 'migration']
const isOurs = isComponent(ours)

/** Numbers below belong to accounts of the image and of the node. */
const leastUserId = 10_000

export const podRules: readonly ObjectRule[] = [
  aboutPods({
    id: 'non-root',
    message: 'spec.template.spec.securityContext.runAsNonRoot must be true',
    check: ({ securityContext }) => securityContext?.runAsNonRoot === true,
    cel: 'has(variables.pod.securityContext) && has(variables.pod.securityContext.runAsNonRoot) && variables.pod.securityContext.runAsNonRoot == true',
    bad: (pod) => (pod.securityContext.runAsNonRoot = false),
  }),
  {
    scope: 'object',
    id: 'user-id',
    message: `spec.template.spec.securityContext.runAsUser must be at least ${leastUserId} in what runs our images`,
    targets: workloads,
    level: always,
    check: (object) =>
      !ours.includes(componentOf(object)) ||
      (podOf(object).securityContext?.runAsUser ?? 0) >= leastUserId,
    cel: `!${isOurs} || (has(variables.pod.securityContext) && has(variables.pod.securityContext.runAsUser) && variables.pod.securityContext.runAsUser >= ${leastUserId})`,
    bad: (good) => (good.spec.template.spec.securityContext.runAsUser = 999),
  },
  aboutPods({
    id: 'seccomp',
    message: 'spec.template.spec.securityContext.seccompProfile.type must be RuntimeDefault',
    check: ({ securityContext }) => securityContext?.seccompProfile?.type === 'RuntimeDefault',
    cel: "has(variables.pod.securityContext) && has(variables.pod.securityContext.seccompProfile) && variables.pod.securityContext.seccompProfile.type == 'RuntimeDefault'",
    bad: (pod) => (pod.securityContext.seccompProfile = { type: 'Unconfined' }),
  }),
  aboutPods({
    id: 'no-host',
    message: 'a pod must not use the host: no hostNetwork, hostPID, hostIPC and no hostPath volume',
    check: (pod) =>
      ![pod.hostNetwork, pod.hostPID, pod.hostIPC].includes(true) &&
      !(pod.volumes ?? []).some(({ hostPath }) => hostPath !== undefined),
    cel: '!(has(variables.pod.hostNetwork) && variables.pod.hostNetwork) && !(has(variables.pod.hostPID) && variables.pod.hostPID) && !(has(variables.pod.hostIPC) && variables.pod.hostIPC) && (!has(variables.pod.volumes) || variables.pod.volumes.all(v, !has(v.hostPath)))',
    bad: (pod) => pod.volumes.push({ name: 'host', hostPath: { path: '/' } }),
  }),
  {
    scope: 'object',
    id: 'no-token',
    message:
      'spec.template.spec.automountServiceAccountToken must be false in what runs our images: they do not ask the API',
    targets: workloads,
    level: always,
    check: (object) =>
      !ours.includes(componentOf(object)) || podOf(object).automountServiceAccountToken === false,
    cel: `!${isOurs} || (has(variables.pod.automountServiceAccountToken) && variables.pod.automountServiceAccountToken == false)`,
    bad: (good) => (good.spec.template.spec.automountServiceAccountToken = true),
  },
  aboutContainers({
    id: 'no-escalation',
    message: 'securityContext.allowPrivilegeEscalation of every container must be false',
    check: ({ securityContext }) => securityContext?.allowPrivilegeEscalation === false,
    cel: 'has(c.securityContext) && has(c.securityContext.allowPrivilegeEscalation) && c.securityContext.allowPrivilegeEscalation == false',
    bad: (container) => (container.securityContext.allowPrivilegeEscalation = true),
  }),
  aboutContainers({
    id: 'no-capabilities',
    message: 'securityContext.capabilities.drop of every container must hold ALL',
    check: ({ securityContext }) => securityContext?.capabilities?.drop?.includes('ALL') === true,
    cel: "has(c.securityContext) && has(c.securityContext.capabilities) && has(c.securityContext.capabilities.drop) && 'ALL' in c.securityContext.capabilities.drop",
    bad: (container) => (container.securityContext.capabilities = { drop: ['NET_RAW'] }),
  }),
  aboutContainers({
    id: 'read-only-root',
    message: 'securityContext.readOnlyRootFilesystem of every container must be true',
    check: ({ securityContext }) => securityContext?.readOnlyRootFilesystem === true,
    cel: 'has(c.securityContext) && has(c.securityContext.readOnlyRootFilesystem) && c.securityContext.readOnlyRootFilesystem == true',
    bad: (container) => delete container.securityContext.readOnlyRootFilesystem,
  }),
  aboutContainers({
    id: 'resources',
    message: 'resources of every container must request cpu and memory and limit memory',
    check: ({ resources }) =>
      resources?.requests?.cpu !== undefined &&
      resources.requests.memory !== undefined &&
      resources.limits?.memory !== undefined,
    cel: "has(c.resources) && has(c.resources.requests) && 'cpu' in c.resources.requests && 'memory' in c.resources.requests && has(c.resources.limits) && 'memory' in c.resources.limits",
    bad: (container) => delete container.resources.limits,
  }),
  aboutContainers({
    id: 'no-host-port',
    message: 'ports of a container must have no hostPort',
    check: ({ ports = [] }) => ports.every(({ hostPort }) => hostPort === undefined),
    cel: '!has(c.ports) || c.ports.all(p, !has(p.hostPort))',
    bad: (container) => (container.ports = [{ containerPort: 80, hostPort: 80 }]),
  }),
  aboutContainers({
    id: 'secret-by-file',
    message:
      'env of a container must hold no password, secret or token as plain text: mount a file',
    check: ({ env = [] }) =>
      env.every(({ name, value }) => !/(PASSWORD|SECRET|TOKEN)$/.test(name) || value === undefined),
    cel: "!has(c.env) || c.env.all(e, !e.name.matches('(PASSWORD|SECRET|TOKEN)$') || !has(e.value))",
    bad: (container) => (container.env = [{ name: 'REDIS_PASSWORD', value: 'hunter2' }]),
  }),
  {
    scope: 'object',
    id: 'probes',
    message: 'every container with ports must have a readinessProbe and a livenessProbe',
    targets: [targets.deployment, targets.statefulSet],
    level: always,
    check: (object) =>
      podOf(object).containers.every(
        ({ ports = [], readinessProbe, livenessProbe }) =>
          ports.length === 0 || (readinessProbe !== undefined && livenessProbe !== undefined),
      ),
    cel: 'variables.pod.containers.all(c, !has(c.ports) || (has(c.readinessProbe) && has(c.livenessProbe)))',
    bad: (good) => delete good.spec.template.spec.containers[0].livenessProbe,
  },
  {
    scope: 'object',
    id: 'spread',
    message: 'a service must spread over nodes and zones: topologySpreadConstraints',
    targets: [targets.deployment],
    level: always,
    check: (object) =>
      componentOf(object) !== 'service' ||
      (podOf(object).topologySpreadConstraints ?? []).length >= 2,
    cel: "object.metadata.labels['app.kubernetes.io/component'] != 'service' || (has(variables.pod.topologySpreadConstraints) && size(variables.pod.topologySpreadConstraints) >= 2)",
    bad: (good) => delete good.spec.template.spec.topologySpreadConstraints,
  },
]
