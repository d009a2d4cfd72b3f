import test from 'ava'
import { stringify } from 'yaml'
import { identityOf, type KubernetesObject } from '../kubernetes/object.ts'
import { observabilityObjects } from './observability.ts'
import { prometheusValues } from './prometheus-values.ts'
import { runningIn, selects, settingsOf, variants, type Labels } from './testing.ts'

const dev = settingsOf('dev')

const ofKind = <Spec>(kind: string, objects: readonly KubernetesObject[]) =>
  objects.filter((object) => object.kind === kind) as (KubernetesObject & { spec: Spec })[]

test('no two objects are the same one, and all are of the stack’s namespace but rights elsewhere', (t) => {
  for (const settings of variants) {
    const objects = observabilityObjects(settings)
    t.is(new Set(objects.map(identityOf)).size, objects.length)
    for (const { kind, metadata } of objects) {
      t.is(metadata.labels?.['app.kubernetes.io/part-of'], 'maru', metadata.name)
      if (kind.startsWith('Role')) t.regex(metadata.namespace ?? '', /^maru-/)
      else t.is(metadata.namespace, `maru-${settings.stack}-observability`, metadata.name)
    }
  }
})

test('every pod is one that a restricted namespace takes, with limits and probes', (t) => {
  for (const { metadata, spec } of runningIn(observabilityObjects(dev))) {
    const { securityContext, containers } = spec.template.spec
    const [container] = containers
    t.true(Number(securityContext['runAsUser']) >= 10_000, metadata.name)
    t.deepEqual(securityContext['seccompProfile'], { type: 'RuntimeDefault' })
    t.like(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    t.truthy(container.resources.limits.memory)
    t.regex(container.image, /^[a-z0-9./-]+:v?\d+\.\d+\.\d+@sha256:[0-9a-f]{64}$/)
    const ports = container.ports.map(({ name }) => name)
    t.true(ports.includes(container.startupProbe.httpGet.port))
    t.true(ports.includes(container.readinessProbe.httpGet.port))
    t.true(ports.includes(container.livenessProbe.tcpSocket.port))
  }
})

test('Services, monitors and workloads choose the same pods, by ports that these have', (t) => {
  const objects = observabilityObjects(dev)
  const running = runningIn(objects)
  t.deepEqual(running.map(({ metadata }) => metadata.name).sort(), [
    'alloy',
    'collector',
    'loki',
    'tempo',
  ])
  const chosenBy = (matchLabels: Labels) =>
    running.filter(({ spec }) => selects(matchLabels, spec.template.metadata.labels))
  for (const one of running) t.deepEqual(chosenBy(one.spec.selector.matchLabels), [one])
  const portsOf = (matchLabels: Labels) =>
    chosenBy(matchLabels).flatMap(({ spec }) =>
      spec.template.spec.containers[0].ports.map(({ name }) => name),
    )
  const services = ofKind<{ selector: Labels; ports: { targetPort: string }[] }>('Service', objects)
  const monitors = ofKind<{
    selector: { matchLabels: Labels }
    podMetricsEndpoints: { port: string }[]
  }>('PodMonitor', objects)
  t.is(services.length, running.length)
  t.is(monitors.length, running.length)
  for (const { metadata, spec } of services)
    for (const { targetPort } of spec.ports)
      t.true(portsOf(spec.selector).includes(targetPort), `${metadata.name} ${targetPort}`)
  for (const { metadata, spec } of monitors)
    for (const { port } of spec.podMetricsEndpoints)
      t.true(portsOf(spec.selector.matchLabels).includes(port), `${metadata.name} ${port}`)
})

test('every mount has its volume, and every process its configuration', (t) => {
  const objects = observabilityObjects(dev)
  for (const { metadata, spec } of runningIn(objects)) {
    const [container] = spec.template.spec.containers
    const volumes = [
      ...spec.template.spec.volumes.map(({ name }) => name),
      ...(spec.volumeClaimTemplates ?? []).map((claim) => claim.metadata.name),
    ]
    t.deepEqual(container.volumeMounts.map(({ name }) => name).sort(), [...volumes].sort())
    const config = objects.find(
      (object) => object.kind === 'ConfigMap' && object.metadata.name === metadata.name,
    )
    const [file = ''] = Object.keys(config?.['data'] as object)
    t.true(container.args.join(' ').includes(`/etc/maru/${file}`), metadata.name)
  }
})

test('a changed configuration starts the process anew', (t) => {
  const digests = (samplePercent: number) =>
    runningIn(observabilityObjects({ ...dev, traces: { ...dev.traces, samplePercent } })).map(
      ({ spec }) => spec.template.metadata.annotations['maru/config'],
    )
  const changed = digests(1).filter((digest, n) => digest !== digests(2)[n])
  t.is(changed.length, 1)
})

test('a pod has a token exactly where its account has rights', (t) => {
  const objects = observabilityObjects(dev)
  const entitled = new Set(
    objects
      .filter(({ kind }) => kind === 'RoleBinding')
      .flatMap((binding) => binding['subjects'] as { name: string }[])
      .map(({ name }) => name),
  )
  for (const { metadata, spec } of runningIn(objects)) {
    const { serviceAccountName, automountServiceAccountToken } = spec.template.spec
    t.is(automountServiceAccountToken, entitled.has(serviceAccountName), metadata.name)
  }
})

test('edges between services are counted by the kit alone', (t) => {
  for (const settings of variants) {
    const all = stringify([
      observabilityObjects(settings),
      prometheusValues(settings, { receivers: [] }),
    ])
    t.notRegex(all, /service[_-]?graph/i)
  }
})

test('the administrator’s password comes from the seed, or is ordered, and is never plain', async (t) => {
  const own = (mode: 'generated' | 'external') => {
    const secrets = { mode, seed: 'a seed of more than 24 characters', store: 'maru' }
    return observabilityObjects({ ...dev, operators: 'install', secrets }).filter(
      ({ metadata }) => metadata.name === 'grafana-admin',
    )
  }
  t.deepEqual(
    own('external').map(({ kind }) => kind),
    ['ExternalSecret'],
  )
  const [secret] = own('generated')
  const { password } = secret?.['stringData'] as { password: { isSecret: Promise<boolean> } }
  t.true(await password.isSecret)
})
