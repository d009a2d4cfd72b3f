import test from 'ava'
import { foundationObjects } from '../foundation/foundation-objects.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { poll } from '../local/poll.ts'
import { startTimeOf } from '../local/supervisor/process-table.ts'
import { contextOf, stackObjects } from '../workloads/testing.ts'
import { kindOf, kinds } from '../definitions/kinds.ts'
import { healths } from './health.ts'
import { ownCluster, type OwnCluster } from './own-cluster.ts'
import { faultAnnotation } from './stages.ts'

const context = contextOf('dev', {
  postgres: { ...contextOf('dev').settings.postgres, backups: 's3://b/c' },
})
const withoutNamespaces = [...foundationObjects(context), ...stackObjects(context)]

let cluster: OwnCluster
test.before(async (t) => {
  t.timeout(180_000)
  cluster = await ownCluster()
  await applyAll(withoutNamespaces.filter(({ kind }) => kind === 'Namespace'))
  await applyAll(withoutNamespaces.filter(({ kind }) => kind !== 'Namespace'))
})
test.after.always(() => cluster?.stop())

test.serial('the API server takes every object of the stack, unknown fields refused', async (t) => {
  const topic = withoutNamespaces.find(({ kind }) => kind === 'KafkaTopic') as KubernetesObject
  const slip = { ...topic, spec: { ...(topic['spec'] as object), partition: 3 } }
  await t.throwsAsync(applyAll([slip]), { message: /partition: field not declared in schema/ })
})

test.serial('workloads become available', async (t) => {
  const waiting = ['deployment', 'statefulset'].map((kind) =>
    cluster.kubectl('-n', 'maru-dev', 'rollout', 'status', kind, '--timeout=90s'),
  )
  await t.notThrowsAsync(Promise.all(waiting))
  await t.notThrowsAsync(
    cluster.kubectl(
      '-n',
      'maru-dev',
      'wait',
      'job',
      '--all',
      '--for=condition=complete',
      '--timeout=60s',
    ),
  )
})

test.serial('scalers see how busy their pods are', async (t) => {
  const active = '{.items[*].status.conditions[?(@.type=="ScalingActive")].status}'
  const scalers = withoutNamespaces.filter(({ kind }) => kind === 'HorizontalPodAutoscaler')
  const all = scalers.map(() => 'True').join(' ')
  const states = await poll(
    async () => {
      const text = await cluster.kubectl('-n', 'maru-dev', 'get', 'hpa', '-o', `jsonpath=${active}`)
      return text === all ? text : undefined
    },
    { withinMs: 60_000, everyMs: 500 },
  )
  t.truthy(states, 'a HorizontalPodAutoscaler is not active')
})

test.serial('every custom kind turns ill with the annotation, and heals without it', async (t) => {
  for (const { apiVersion, kind } of healths) {
    const object = withoutNamespaces.find(
      (one) => one.apiVersion === apiVersion && one.kind === kind,
    )
    if (!object) {
      t.true(['ExternalSecret', 'Database', 'User', 'Grant'].includes(kind), `${kind} is not used`)
      continue
    }
    const before = await settled(object, true)
    t.truthy(before, `${kind} never became well`)
    await annotate(object, `${faultAnnotation}=degraded`)
    t.truthy(await settled(object, false), `${kind} did not turn ill`)
    await annotate(object, `${faultAnnotation}-`)
    t.truthy(await settled(object, true), `${kind} did not heal`)
  }
})

test.serial('a pod with the annotation crashes', async (t) => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'ill', namespace: 'default', annotations: { [faultAnnotation]: 'crash' } },
    spec: { containers: [{ name: 'one', image: 'registry.example.com/one:1' }] },
  }
  await cluster.api.apply(pod, 'pods')
  const reason = '{.status.containerStatuses[0].state.waiting.reason}'
  const seen = await poll(
    async () =>
      (await cluster.kubectl('get', 'pod', 'ill', '-o', `jsonpath=${reason}`)) || undefined,
    { withinMs: 20_000, everyMs: 200 },
  )
  t.is(seen, 'CrashLoopBackOff')
})

test.serial('after the stop no process is left', async (t) => {
  const own = await ownCluster()
  const pids = own.pids()
  t.true(pids.length >= 6)
  await own.stop()
  t.deepEqual(
    pids.filter((pid) => startTimeOf(pid) !== undefined),
    [],
  )
})

async function applyAll(objects: readonly KubernetesObject[]): Promise<void> {
  await Promise.all(objects.map((object) => cluster.api.apply(object, pluralOf(object))))
}

const irregular: Readonly<Record<string, string>> = {
  NetworkPolicy: 'networkpolicies',
}
const pluralOf = (object: KubernetesObject): string =>
  kindOf(object)?.plural ?? irregular[object.kind] ?? `${object.kind.toLowerCase()}s`

const resourceOf = (object: KubernetesObject): readonly string[] => {
  const kind = kinds.find((one) => one === kindOf(object))
  return [`${kind?.plural}.${kind?.group}`, object.metadata.name]
}

const annotate = (object: KubernetesObject, text: string): Promise<string> =>
  cluster.kubectl('-n', 'maru-dev', 'annotate', '--overwrite', ...resourceOf(object), text)

/** Waits until the status says that the object is well, or not. */
function settled(object: KubernetesObject, well: boolean): Promise<true | undefined> {
  return poll(
    async () => {
      const text = await cluster.kubectl(
        '-n',
        'maru-dev',
        'get',
        ...resourceOf(object),
        '-o',
        'json',
      )
      const { status } = JSON.parse(text) as { status?: object }
      return status !== undefined && looksWell(status) === well ? true : undefined
    },
    { withinMs: 30_000, everyMs: 150 },
  )
}

/** As a person would read it, apart from the table that made it. */
function looksWell(status: object): boolean {
  const text = JSON.stringify(status)
  return !/simulated fault|"status":"False"|FAILED|ERROR|"applied":false|"instances":0\b/.test(text)
}
