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

/** What containers say of who they run as, instead of their pod. */
const identitiesOf = ({ containers, initContainers = [] }: Pod) =>
  [...containers, ...initContainers].flatMap(({ securityContext }) => securityContext ?? [])

/** CEL: every container that has this field of its own keeps the expression over `c`. */
const everyIdentity = (field: string, expression: string): string =>
  `(${everyContainer(`!has(c.securityContext) || !has(c.securityContext.${field}) || ${expression}`)})`

/** Names of variables that hold a secret itself, not where one lies (`…_FILE`, `…_URL`). One text for JavaScript and CEL. */
const secretName =
  '(PASSWORD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS|(API|ACCESS|PRIVATE|SEALING)_?KEY)$'

/** An address with a login and its password in it. */
const login = '://[^/@:]+:[^/@]+@'

export const podRules: readonly ObjectRule[] = [
  aboutPods({
    id: 'non-root',
    message:
      'spec.template.spec.securityContext.runAsNonRoot must be true, and no container may say otherwise',
    check: (pod) =>
      pod.securityContext?.runAsNonRoot === true &&
      identitiesOf(pod).every(({ runAsNonRoot }) => runAsNonRoot !== false),
    cel: `has(variables.pod.securityContext) && has(variables.pod.securityContext.runAsNonRoot) && variables.pod.securityContext.runAsNonRoot == true && ${everyIdentity('runAsNonRoot', 'c.securityContext.runAsNonRoot == true')}`,
    bad: (pod) => (pod.securityContext.runAsNonRoot = false),
  }),
  {
    scope: 'object',
    id: 'user-id',
    message: `spec.template.spec.securityContext.runAsUser must be at least ${leastUserId} in what runs our images, and in each container that names one`,
    targets: workloads,
    level: always,
    check: (object) =>
      !ours.includes(componentOf(object)) ||
      ((podOf(object).securityContext?.runAsUser ?? 0) >= leastUserId &&
        identitiesOf(podOf(object)).every(
          ({ runAsUser = leastUserId }) => runAsUser >= leastUserId,
        )),
    cel: `!${isOurs} || (has(variables.pod.securityContext) && has(variables.pod.securityContext.runAsUser) && variables.pod.securityContext.runAsUser >= ${leastUserId} && ${everyIdentity('runAsUser', `c.securityContext.runAsUser >= ${leastUserId}`)})`,
    bad: (good) => (good.spec.template.spec.securityContext.runAsUser = 999),
  },
  aboutPods({
    id: 'seccomp',
    message:
      'spec.template.spec.securityContext.seccompProfile.type must be RuntimeDefault, and no container may say otherwise',
    check: (pod) =>
      pod.securityContext?.seccompProfile?.type === 'RuntimeDefault' &&
      identitiesOf(pod).every(({ seccompProfile }) =>
        ['RuntimeDefault', undefined].includes(seccompProfile?.type),
      ),
    cel: `has(variables.pod.securityContext) && has(variables.pod.securityContext.seccompProfile) && variables.pod.securityContext.seccompProfile.type == 'RuntimeDefault' && ${everyIdentity('seccompProfile', "c.securityContext.seccompProfile.type == 'RuntimeDefault'")}`,
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
    message:
      'securityContext.allowPrivilegeEscalation of every container must be false, and none may be privileged',
    check: ({ securityContext }) =>
      securityContext?.allowPrivilegeEscalation === false && securityContext.privileged !== true,
    cel: 'has(c.securityContext) && has(c.securityContext.allowPrivilegeEscalation) && c.securityContext.allowPrivilegeEscalation == false && !(has(c.securityContext.privileged) && c.securityContext.privileged)',
    bad: (container) => (container.securityContext.allowPrivilegeEscalation = true),
  }),
  aboutContainers({
    id: 'no-capabilities',
    message:
      'securityContext.capabilities of every container must drop ALL, and add none of them again',
    check: ({ securityContext: { capabilities } = {} }) =>
      capabilities?.drop?.includes('ALL') === true && (capabilities.add ?? []).length === 0,
    cel: "has(c.securityContext) && has(c.securityContext.capabilities) && has(c.securityContext.capabilities.drop) && 'ALL' in c.securityContext.capabilities.drop && (!has(c.securityContext.capabilities.add) || size(c.securityContext.capabilities.add) == 0)",
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
    check: ({ ports = [] }) => ports.every(({ hostPort = 0 }) => hostPort === 0),
    cel: '!has(c.ports) || c.ports.all(p, !has(p.hostPort) || p.hostPort == 0)',
    bad: (container) => (container.ports = [{ containerPort: 80, hostPort: 80 }]),
  }),
  aboutContainers({
    id: 'secret-by-file',
    message:
      'env of a container must hold no password, secret, token or key as plain text, nor within an address: mount a file',
    check: ({ env = [] }) =>
      env.every(
        ({ name, value = '' }) =>
          value === '' ||
          !(new RegExp(secretName, 'i').test(name) || new RegExp(login).test(value)),
      ),
    cel: `!has(c.env) || c.env.all(e, !has(e.value) || e.value == '' || !(e.name.matches('(?i)${secretName}') || e.value.matches('${login}')))`,
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
    cel: 'variables.pod.containers.all(c, !has(c.ports) || size(c.ports) == 0 || (has(c.readinessProbe) && has(c.livenessProbe)))',
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
    cel: `!${isComponent(['service'])} || (has(variables.pod.topologySpreadConstraints) && size(variables.pod.topologySpreadConstraints) >= 2)`,
    bad: (good) => delete good.spec.template.spec.topologySpreadConstraints,
  },
]
