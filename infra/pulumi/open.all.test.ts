import { join } from 'node:path'
import test from 'ava'
import { operator } from '../../services/platform/clients.ts'
import { topology } from '../../services/topology.ts'
import { obtainBinaries } from '../go/binaries.ts'
import { ownCluster } from '../cluster/own-cluster.ts'
import { filledFrom, secretObject, secretsOf } from '../workloads/secrets.ts'
import { contextOf } from '../workloads/testing.ts'
import { clientListName, loginsOf } from './logins.ts'

test('logins are read from the cluster, and what is not there is said', async (t) => {
  const own = await ownCluster()
  t.teardown(own.stop)
  const { kubernetes } = await obtainBinaries(['kubernetes'], { ...own, say: () => undefined })
  const kubectl = join(kubernetes, 'kubectl')
  const cluster = { kubectl, words: ['--kubeconfig', own.kubeconfig], simulated: true }
  const ask = () => loginsOf(cluster, 'dev', { topology, client: operator.id })
  await own.kubectl('create', 'namespace', 'maru-dev')
  t.deepEqual(await ask(), { client: undefined, grafana: undefined, argocd: undefined })
  const context = contextOf('dev')
  const clients = topology.services
    .flatMap((service) => secretsOf(service, context))
    .find(({ name }) => name === clientListName(topology))
  if (!clients) return t.fail('no service has the list of clients')
  const fill = filledFrom('any seed')
  await own.api.apply(secretObject(clients, fill, context), 'secrets')
  t.is((await ask()).client?.secret, fill.password(`client-${operator.id}`))
  const nobody = { ...cluster, words: ['--server', 'https://127.0.0.1:9'] }
  const error = await t.throwsAsync(loginsOf(nobody, 'dev', { topology, client: operator.id }))
  t.like(error, { code: 'ENVIRONMENT' })
  t.regex(error?.message ?? '', /^kubectl cannot read.*\nThe cluster is that of/)
})
