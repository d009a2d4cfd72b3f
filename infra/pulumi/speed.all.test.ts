import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { stringify } from 'yaml'
import { deliveryObjects } from '../delivery/delivery.ts'
import { foundationObjects } from '../foundation/foundation-objects.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { observabilityObjects } from '../observability/observability.ts'
import { filledFrom, secretObject } from '../workloads/secrets.ts'
import { allSecrets } from '../workloads/stack-secrets.ts'
import { admissionObjects } from '../policy/admission.ts'
import { contextOf, stackObjects } from '../workloads/testing.ts'
import { pulumiBench, type Bench } from './testing.ts'

let bench: Bench
test.before(async (t) => {
  t.timeout(180_000)
  bench = await pulumiBench()
})
test.after.always(() => bench?.stop())

/** The objects of the whole stack, as Pulumi registers them on the throw-away cluster. */
function devObjects(): readonly KubernetesObject[] {
  const context = contextOf('dev', { operators: 'present' })
  const fill = filledFrom('the-seed-of-a-race-between-two-tools')
  return [
    ...foundationObjects(context),
    ...admissionObjects({ settings: context.settings }),
    ...allSecrets(context).map((spec) => secretObject(spec, fill, context)),
    ...observabilityObjects(context.settings),
    ...stackObjects(context),
    ...deliveryObjects(context),
  ]
}

const spaces = ['maru-dev', 'maru-dev-observability']

/** Applies the objects as a script would, and waits for what Pulumi waits for. */
async function byKubectl(file: string): Promise<void> {
  const { kubectl } = bench.cluster
  await kubectl('apply', '--server-side', '-f', join(file, 'first.yaml'))
  await kubectl('apply', '--server-side', '-f', join(file, 'rest.yaml'))
  for (const space of spaces) {
    for (const kind of ['deployment', 'statefulset'])
      await kubectl('-n', space, 'rollout', 'status', kind, '--timeout=120s')
  }
  await kubectl(
    '-n',
    'maru-dev',
    'wait',
    'job',
    '--all',
    '--for=condition=complete',
    '--timeout=60s',
  )
}

test.serial(
  'up against apply and rollout status, a preview without changes against diff',
  async (t) => {
    t.timeout(400_000)
    const objects = devObjects()
    const folder = bench.place.folder.replace(/project$/, '')
    const isFirst = ({ kind }: KubernetesObject): boolean => kind === 'Namespace'
    const write = (name: string, some: readonly KubernetesObject[]): void =>
      writeFileSync(join(folder, name), some.map((one) => stringify(one)).join('---\n'))
    write('first.yaml', objects.filter(isFirst))
    write(
      'rest.yaml',
      objects.filter((one) => !isFirst(one)),
    )

    const apply = await seconds(() => byKubectl(folder))
    const diff = await seconds(() =>
      bench.cluster
        .kubectl('diff', '--server-side', '-f', join(folder, 'rest.yaml'))
        .catch(() => ''),
    )
    await bench.cluster.kubectl('delete', '-f', join(folder, 'rest.yaml'), '--wait=false')
    await bench.cluster.kubectl('delete', 'namespace', ...spaces, '--timeout=120s')

    const up = await bench.pulumi('up', '--yes', '--skip-preview', '--stack', 'dev')
    t.is(up.exitCode, 0, up.output.slice(-2000))
    const preview = await bench.pulumi('preview', '--expect-no-changes', '--stack', 'dev')
    t.is(preview.exitCode, 0, preview.output.slice(-2000))
    t.deepEqual(await ownedByPulumi(), objects.map(identity).sort())
    t.log(`${objects.length} objects`)
    t.log(ratio('up', up.seconds, 'apply and rollout status', apply))
    t.log(ratio('preview without changes', preview.seconds, 'diff --server-side', diff))
    // Wanted are 2 and 3; a busy machine does not slow both tools down alike.
    t.true(up.seconds / apply < 4)
    t.true(preview.seconds / diff < 6)
  },
)

/** Names of migrations end in their image's hash, which differs: no image is built here. */
const identity = ({ kind, metadata: { namespace = '', name } }: KubernetesObject): string =>
  `${kind} ${namespace}/${name.replace(/(?<=-migrate)-[0-9a-f]{8}$/, '')}`

/** What the state says that Pulumi made: a race over fewer objects would be none. */
async function ownedByPulumi(): Promise<readonly string[]> {
  const { output } = await bench.pulumi('stack', 'export', '--stack', 'dev')
  const { deployment } = JSON.parse(output) as {
    deployment: { resources: { type: string; inputs: KubernetesObject }[] }
  }
  return deployment.resources
    .filter(({ type }) => type.startsWith('kubernetes:'))
    .map(({ inputs }) => identity(inputs))
    .sort()
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

const ratio = (one: string, took: number, other: string, base: number): string =>
  `${one} ${took.toFixed(1)} s, kubectl ${other} ${base.toFixed(1)} s: ${(took / base).toFixed(1)}×`
