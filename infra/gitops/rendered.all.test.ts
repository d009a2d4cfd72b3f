import test from 'ava'
import { ownCluster, type OwnCluster } from '../cluster/own-cluster.ts'
import { foundationObjects } from '../foundation/foundation-objects.ts'
import { stackNames } from '../stacks.ts'
import { contextOf } from '../workloads/testing.ts'

const root = new URL('../..', import.meta.url).pathname
let cluster: OwnCluster

test.before(async (t) => {
  t.timeout(180_000)
  cluster = await ownCluster()
  for (const stack of stackNames(root)) {
    const objects = foundationObjects(contextOf(stack))
    for (const one of objects.filter(({ kind }) => kind === 'Namespace'))
      await cluster.api.apply(one, 'namespaces')
  }
})
test.after.always(() => cluster?.stop())

const dryRun = ['apply', '--dry-run=server', '--server-side', '--validate=strict', '-R'] as const

for (const stack of stackNames(root))
  test.serial(`the API server takes every file of ${stack}, unknown fields refused`, async (t) => {
    t.timeout(120_000)
    const folders = await cluster.kubectl(...dryRun, '-f', `${root}gitops/${stack}/platform`)
    t.regex(folders, /serverside-applied/)
    const services = await cluster.kubectl(...dryRun, ...servicesOf(stack))
    t.true(services.split('\n').length > 80)
  })

test.serial('the API server takes the ApplicationSets and the root application', async (t) => {
  for (const file of ['appsets', 'root.yaml'])
    t.regex(await cluster.kubectl(...dryRun, '-f', `${root}gitops/${file}`), /argocd|maru-prod/)
})

const servicesOf = (stack: string): readonly string[] =>
  contextOf(stack).topology.services.flatMap(({ name }) => ['-f', `${root}gitops/${stack}/${name}`])
