import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parse, stringify } from 'yaml'
import { topology } from '../../services/topology.ts'
import { poll } from '../local/poll.ts'
import { orphanedPlugins } from './orphans.ts'
import { clean } from './run.ts'
import { pulumiBench, run, type Bench, type Ran } from './testing.ts'

let bench: Bench
test.before(async (t) => {
  t.timeout(300_000)
  bench = await pulumiBench()
})
test.after.always(() => bench?.stop())

const dev = ['--stack', 'dev'] as const
const prod = ['--stack', 'prod'] as const
const now = ['--yes', '--skip-preview'] as const

const ok = (t: ExecutionContext, ran: Ran, what: string): void => {
  t.is(ran.exitCode, 0, `${what}:\n${ran.output.slice(-3000)}`)
  t.log(`${what}: ${ran.seconds.toFixed(1)} s`)
}

/** Steps of a preview that change something: `update deployment gateway`. */
async function changes(...words: readonly string[]): Promise<readonly string[]> {
  const { output, exitCode } = await bench.pulumi('preview', '--json', ...words)
  if (exitCode !== 0) throw new Error(output)
  const { steps } = JSON.parse(output.slice(output.indexOf('{'))) as {
    steps: readonly { op: string; urn: string }[]
  }
  return steps
    .filter(({ op }) => op !== 'same')
    .map(
      ({ op, urn }) =>
        `${op} ${urn.split('::').at(-2)?.split(':').at(-1)} ${urn.split('::').at(-1)}`,
    )
}

test.serial('one up of dev makes everything, and every workload is ready', async (t) => {
  t.timeout(300_000)
  ok(t, await bench.pulumi('up', ...now, ...dev), 'up dev')
  const ready = '{range .items[*]}{.metadata.name}={.status.readyReplicas} {end}'
  const text = await bench.cluster.kubectl(
    '-n',
    'maru-dev',
    'get',
    'deploy',
    '-o',
    `jsonpath=${ready}`,
  )
  for (const { name } of topology.services) t.regex(text, new RegExp(`\\b${name}=[1-9]`))
  t.regex(bench.said.join('\n'), /operators present, images source pinned/)
})

test.serial('a second look finds nothing to do, and nothing to mend', async (t) => {
  t.timeout(120_000)
  ok(t, await bench.pulumi('preview', '--expect-no-changes', ...dev), 'preview without changes')
  const refreshed = await bench.pulumi('refresh', ...now, '--expect-no-changes', ...dev)
  ok(t, refreshed, 'refresh without changes')
})

test.serial(
  'the policy pack agrees with every object, and refuses one that breaks a rule',
  async (t) => {
    t.timeout(180_000)
    const pack = ['--policy-pack', join(bench.place.root, 'infra/policy/pack')] as const
    const fine = await bench.pulumi('preview', ...pack, ...dev)
    ok(t, fine, 'preview with the policy pack')
    t.regex(fine.output, /image-digest/, 'nobody advised against images that were never released')
  },
)

test.serial('one number changes one object', async (t) => {
  t.timeout(120_000)
  ok(
    t,
    await bench.pulumi('config', 'set', '--path', 'services.gateway.max', '5', ...dev),
    'config set',
  )
  t.deepEqual(await changes(...dev), ['update HorizontalPodAutoscaler gateway'])
  ok(t, await bench.pulumi('up', ...now, ...dev), 'up of one change')
  const max = ['get', 'hpa', 'gateway', '-o', 'jsonpath={.spec.maxReplicas}']
  t.is(await bench.cluster.kubectl('-n', 'maru-dev', ...max), '5')
})

test.serial('what somebody breaks by hand is shown, and made whole', async (t) => {
  t.timeout(180_000)
  const inDev = ['-n', 'maru-dev'] as const
  const patch = '{"spec":{"maxUnavailable":7}}'
  await bench.cluster.kubectl(...inDev, 'patch', 'pdb', 'rank', '--type=merge', '-p', patch)
  await bench.cluster.kubectl(...inDev, 'delete', 'service', 'search')
  const seen = await changes('--refresh', ...dev)
  t.true(
    seen.some((line) => /PodDisruptionBudget rank/.test(line)),
    seen.join('\n'),
  )
  t.true(
    seen.some((line) => /Service search/.test(line)),
    seen.join('\n'),
  )
  ok(t, await bench.pulumi('up', '--refresh', ...now, ...dev), 'up after drift')
  const budget = await bench.cluster.kubectl(
    ...inDev,
    'get',
    'pdb',
    'rank',
    '-o',
    'jsonpath={.spec.maxUnavailable}',
  )
  t.is(budget, '1')
  await t.notThrowsAsync(bench.cluster.kubectl(...inDev, 'get', 'service', 'search'))
})

test.serial(
  'prod beside dev, up to its border: no workload, and an application for Argo CD',
  async (t) => {
    t.timeout(180_000)
    ok(t, await bench.pulumi('up', ...now, ...prod), 'up prod')
    const inProd = ['-n', 'maru-prod', 'get', 'deploy', '-o', 'name'] as const
    t.is(await bench.cluster.kubectl(...inProd), '')
    await t.notThrowsAsync(bench.cluster.kubectl('-n', 'argocd', 'get', 'application', 'maru-prod'))
    ok(t, await bench.pulumi('preview', '--expect-no-changes', ...dev), 'dev is as it was')
    ok(t, await bench.pulumi('preview', '--expect-no-changes', ...prod), 'prod is as it was')
  },
)

test.serial('after destroy nothing of a stack is left', async (t) => {
  t.timeout(300_000)
  const refused = await bench.pulumi('destroy', ...now, ...prod)
  t.not(refused.exitCode, 0, 'what holds data in prod is protected')
  t.regex(refused.output, /protect/)
  ok(t, await bench.pulumi('destroy', ...now, ...dev), 'destroy dev')
  const gone = await poll(
    async () => {
      const left = await bench.cluster.kubectl(
        'get',
        'namespaces,clusterroles,validatingadmissionpolicies',
        '-l',
        'app.kubernetes.io/instance=dev',
        '-o',
        'name',
      )
      return left === '' ? true : undefined
    },
    { withinMs: 60_000, everyMs: 500 },
  )
  t.true(gone)
  const projects = [
    '-n',
    'argocd',
    'get',
    'appprojects',
    '-l',
    'app.kubernetes.io/instance=dev',
  ] as const
  t.is(await bench.cluster.kubectl(...projects, '-o', 'name'), '')
})

test.serial('an up that was killed with all its processes is taken up again', async (t) => {
  t.timeout(300_000)
  const { place } = bench
  const child = spawn(place.home.program, ['up', ...now, ...dev, '--non-interactive'], {
    cwd: place.folder,
    env: clean(place.env),
    detached: true,
    stdio: 'ignore',
  })
  const begun = await poll(
    async () => ((await namesIn('maru-dev')).length > 20 ? true : undefined),
    { withinMs: 120_000, everyMs: 200 },
  )
  t.true(begun, 'the up never began')
  process.kill(-(child.pid ?? 0), 'SIGKILL')
  await once(child, 'exit')
  t.regex((await run(place, ['up', ...now, ...dev])).output, /locked/, 'there was no lock to clear')
  t.not((await orphanedPlugins(place.home)).length, 0, 'no plugin outlived its run')
  ok(t, await bench.pulumi('up', ...now, ...dev), 'up after the kill')
  t.deepEqual(await orphanedPlugins(place.home), [])
  t.regex(bench.said.join('\n'), /cleared the lock of a run that was killed/)
  ok(t, await bench.pulumi('preview', '--expect-no-changes', ...dev), 'it has converged')
})

const namesIn = async (namespace: string): Promise<readonly string[]> =>
  (await bench.cluster.kubectl('-n', namespace, 'get', 'configmap,secret,service', '-o', 'name'))
    .split('\n')
    .filter(Boolean)

/** Wrong configurations, and the sentence that each must bring. */
const wrong: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
  ['an empty kubeconfig', { 'maru:kubeconfig': '' }, /maru:kubeconfig must be the path/],
  ['a kubeconfig that is not there', { 'maru:kubeconfig': '/nowhere' }, /\/nowhere does not exist/],
  ['a file that is no kubeconfig', { 'maru:kubeconfig': 'a: 1\nb: 2\n' }, /is no kubeconfig/],
  [
    'a context that is not there',
    { 'maru:context': 'other' },
    /no context "other" \(it has maru\)/,
  ],
  ['an unreachable server', { 'maru:kubeconfig': unreachable() }, /127\.0\.0\.1:1 does not answer/],
  ['a wrong number', { 'maru:kafka': { brokers: 0 } }, /maru:kafka\.brokers must be at least 1/],
  ['an unknown key', { 'maru:kafkas': 1 }, /maru:kafkas is not known; did you mean kafka/],
]

for (const [what, values, sentence] of wrong) {
  test.serial(`${what}: one sentence, and nothing is planned`, async (t) => {
    t.timeout(60_000)
    const file = join(bench.place.folder, 'Pulumi.dev.yaml')
    const before = readFileSync(file, 'utf8')
    const parsed = parse(before) as { config: object }
    writeFileSync(file, stringify({ ...parsed, config: { ...parsed.config, ...values } }))
    const { exitCode, output } = await run(bench.place, ['preview', ...dev])
    writeFileSync(file, before)
    t.not(exitCode, 0)
    t.regex(output, sentence)
    t.notRegex(output, /to create|to delete|to update|node:internal|at async/, output.slice(-2000))
  })
}

test.serial('a missing definition: one sentence, and nothing is planned', async (t) => {
  t.timeout(60_000)
  await bench.cluster.kubectl(
    'delete',
    'crd',
    '-l',
    'app.kubernetes.io/part-of=maru',
    '--field-selector=metadata.name=scaledobjects.keda.sh',
  )
  await bench.cluster.kubectl('delete', 'crd', 'triggerauthentications.keda.sh')
  const { exitCode, output } = (await poll(
    async () => {
      const ran = await run(bench.place, ['preview', ...dev])
      return ran.exitCode === 0 ? undefined : ran
    },
    { withinMs: 40_000, everyMs: 500 },
  )) ?? { exitCode: 0, output: '' }
  t.not(exitCode, 0)
  t.regex(output, /has no definitions of keda\.sh/)
})

function unreachable(): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'a', user: { token: 'x' } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
    'current-context': 'a',
  })
}
