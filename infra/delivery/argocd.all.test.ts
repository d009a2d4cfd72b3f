import { mkdtemp, rm } from 'node:fs/promises'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import test from 'ava'
import { execa } from 'execa'
import { stringify } from 'yaml'
import { topology } from '../../services/topology.ts'
import { ownArgoCd, type OwnArgoCd } from '../cluster/own-argocd.ts'
import { ownCluster, type OwnCluster } from '../cluster/own-cluster.ts'
import { faultAnnotation } from '../cluster/stages.ts'
import { foundationObjects } from '../foundation/foundation-objects.ts'
import { environmentFiles } from '../gitops/render.ts'
import { poll } from '../local/poll.ts'
import { readStack } from '../stacks.ts'
import { renderedObserved } from '../workloads/rendered-observed.ts'
import type { StackContext } from '../workloads/stack-context.ts'
import { applicationSet } from './applications.ts'
import { argocdSettings } from './argocd-settings.ts'
import { deliveryObjects } from './delivery.ts'

const root = new URL('../..', import.meta.url).pathname
const folders = ['platform', ...topology.services.map(({ name }) => name)]
const applications = folders.map((name) => `prod-${name}`)
const inProd = ['-n', 'maru-prod'] as const

let cluster: OwnCluster
let argocd: OwnArgoCd
let work: string

test.before(async (t) => {
  t.timeout(300_000)
  work = await mkdtemp(join(tmpdir(), 'maru-gitops-'))
  cluster = await ownCluster()
  await makeRepository()
  const context = contextFor('1')
  argocd = await ownArgoCd(cluster, argocdSettings(context.settings))
  // What Pulumi makes: the namespace, the projects, the root application.
  const namespaces = foundationObjects(context).filter(({ kind }) => kind === 'Namespace')
  for (const object of namespaces) await cluster.api.apply(object, 'namespaces')
  for (const object of deliveryObjects(context))
    await cluster.api.apply(object, object.kind === 'AppProject' ? 'appprojects' : 'applications')
})
test.after.always(async () => {
  await argocd?.stop()
  await cluster?.stop()
  if (work) await rm(work, { recursive: true, force: true })
})

test.serial('every folder becomes an application that is synced and healthy', async (t) => {
  t.timeout(240_000)
  const began = performance.now()
  for (const name of ['maru-prod', ...applications])
    await t.notThrowsAsync(argocd.until(name, 'Healthy Synced'))
  t.log(`from nothing to ${applications.length} applications: ${seconds(began)} s`)
})

test.serial('what is made first is what the rest needs', async (t) => {
  const times = await made('catalog')
  t.true((times['DatabaseRole'] ?? Infinity) <= (times['Job'] ?? 0), JSON.stringify(times))
  t.true((times['KafkaUser'] ?? Infinity) <= (times['Job'] ?? 0), JSON.stringify(times))
  t.true((times['Job'] ?? Infinity) <= (times['Deployment'] ?? 0), JSON.stringify(times))
})

test.serial('a change by hand is healed, and so is a deletion', async (t) => {
  const budget = ['get', 'pdb', 'rank', '-o', 'jsonpath={.spec.maxUnavailable}'] as const
  const patch = '{"spec":{"maxUnavailable":7}}'
  await cluster.kubectl(...inProd, 'patch', 'pdb', 'rank', '--type=merge', '-p', patch)
  const began = performance.now()
  t.is(await becomes(() => cluster.kubectl(...inProd, ...budget), '1'), '1')
  t.log(`healed after ${seconds(began)} s`)
  await cluster.kubectl(...inProd, 'delete', 'service', 'rank')
  const service = ['get', 'service', 'rank', '--ignore-not-found', '-o', 'name'] as const
  t.is(await becomes(() => cluster.kubectl(...inProd, ...service), 'service/rank'), 'service/rank')
})

test.serial('a folder that is removed is pruned', async (t) => {
  t.timeout(150_000)
  rmSync(join(work, 'checkout/gitops/prod/generator'), { recursive: true })
  await push('Take the generator away')
  await touchSet()
  const left = (): Promise<string> =>
    cluster.kubectl(...inProd, 'get', 'deploy', 'generator', '--ignore-not-found', '-o', 'name')
  t.is(await becomes(left, ''), '')
  t.is(await becomes(() => argocd.state('prod-generator'), ''), '')
})

test.serial('a promotion is rolled out, and its revert rolled back', async (t) => {
  t.timeout(240_000)
  const image = (): Promise<string> =>
    cluster.kubectl(
      ...inProd,
      'get',
      'deploy',
      'rank',
      '-o',
      'jsonpath={.spec.template.spec.containers[0].image}',
    )
  const before = await image()
  writeFiles(contextFor('2'), 'rank')
  await push('Promote rank')
  await argocd.refresh('prod-rank')
  const began = performance.now()
  const wanted = before.replace(/:1\.0\.1@sha256:1+/, `:1.0.2@sha256:${'2'.repeat(64)}`)
  t.not(wanted, before)
  t.is(await becomes(image, wanted), wanted)
  await argocd.until('prod-rank', 'Healthy Synced')
  t.log(`rolled out after ${seconds(began)} s`)
  await git('revert', '--no-edit', 'HEAD')
  await git('push', 'origin', 'main')
  await argocd.refresh('prod-rank')
  const reverted = performance.now()
  t.is(await becomes(image, before), before)
  await argocd.until('prod-rank', 'Healthy Synced')
  t.log(`rolled back after ${seconds(reverted)} s`)
})

test.serial('health that Argo CD does not know by itself is judged', async (t) => {
  t.timeout(120_000)
  const ill = [
    ['databases.postgresql.cnpg.io', 'catalog', 'prod-catalog'],
    ['opensearchusers.opensearch.org', 'catalog', 'prod-search'],
  ] as const
  for (const [kind, name, application] of ill) {
    const annotate = ['annotate', '--overwrite', kind, name] as const
    await cluster.kubectl(...inProd, ...annotate, `${faultAnnotation}=degraded`)
    const state = async (): Promise<string> => (await argocd.state(application)).split(' ')[0] ?? ''
    t.is(await becomes(state, 'Degraded'), 'Degraded', kind)
    await cluster.kubectl(...inProd, ...annotate, `${faultAnnotation}-`)
    t.is(await becomes(state, 'Healthy'), 'Healthy', kind)
  }
})

const seconds = (began: number): string => ((performance.now() - began) / 1000).toFixed(1)

async function becomes(ask: () => Promise<string>, wanted: string): Promise<string> {
  await poll(async () => ((await ask()) === wanted ? true : undefined), {
    withinMs: 90_000,
    everyMs: 250,
  })
  return ask()
}

/** Prod as it is committed, with a released version everywhere and the test's own repository. */
const contextFor = (digit: string): StackContext => {
  const settings = {
    ...readStack(root, 'prod'),
    operators: 'present' as const,
    gitops: { repository: `file://${work}/gitops.git`, revision: 'main' },
  }
  return {
    topology,
    settings,
    observed: renderedObserved(root, topology),
    image: ({ name }) => ({
      tag: `1.0.${digit}`,
      reference: `${settings.images.prefix}/${name}:1.0.${digit}@sha256:${digit.repeat(64)}`,
    }),
  }
}

async function makeRepository(): Promise<void> {
  await execa('git', ['init', '--bare', '--initial-branch=main', join(work, 'gitops.git')])
  await execa('git', ['clone', join(work, 'gitops.git'), join(work, 'checkout')])
  await git('checkout', '-B', 'main')
  const context = contextFor('1')
  writeFiles(context)
  write('gitops/appsets/prod.yaml', applicationSet({ settings: context.settings, topology }))
  write('gitops/prod/versions.yaml', readFileSync(join(root, 'gitops/prod/versions.yaml'), 'utf8'))
  await push('Deliver prod')
}

/** The files of a stack, or of one service. */
function writeFiles(context: StackContext, only?: string): void {
  for (const { path, objects } of environmentFiles(context)) {
    if (only === undefined || path.startsWith(`gitops/prod/${only}/`)) write(path, objects[0] ?? {})
  }
}

function write(path: string, value: object | string): void {
  const file = join(work, 'checkout', path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, typeof value === 'string' ? value : stringify(value))
}

const git = (...words: readonly string[]) =>
  execa('git', ['-c', 'user.name=Maru', '-c', 'user.email=maru@example.com', ...words], {
    cwd: join(work, 'checkout'),
  })

async function push(message: string): Promise<void> {
  await git('add', '--all')
  await git('commit', '--message', message)
  await git('push', 'origin', 'main')
}

/** An ApplicationSet looks again when it changes; otherwise in a minute. */
const touchSet = (): Promise<string> =>
  cluster.kubectl(
    '-n',
    'argocd',
    'annotate',
    '--overwrite',
    'applicationset',
    'maru-prod',
    'argocd.argoproj.io/application-set-refresh=true',
  )

/** When the first object of each kind of a service was made. */
async function made(service: string): Promise<Readonly<Record<string, number>>> {
  const kinds = 'databaserole,kafkauser,job,deployment'
  const text = await cluster.kubectl(...inProd, 'get', kinds, '-o', 'json')
  const { items } = JSON.parse(text) as {
    items: readonly { kind: string; metadata: { name: string; creationTimestamp: string } }[]
  }
  const own = items.filter(({ metadata }) => metadata.name.startsWith(service))
  return Object.fromEntries(
    own.map(({ kind, metadata }) => [kind, Date.parse(metadata.creationTimestamp)]),
  )
}
