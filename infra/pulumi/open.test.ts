import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { secretsOf } from '../workloads/secrets.ts'
import { topology } from '../../services/topology.ts'
import { contextOf } from '../workloads/testing.ts'
import { freePorts } from '../local/ports.ts'
import { forward } from './forward.ts'
import { clientListName } from './logins.ts'
import { doorsOf, forwardWords } from './open.ts'

const folder = mkdtempSync(join(tmpdir(), 'maru-open-'))
test.after.always(() => rmSync(folder, { recursive: true, force: true }))

const [gateway] = doorsOf('dev', topology)
if (!gateway) throw new Error('A stack has a gateway.')

test('doors are those of the stack', (t) => {
  t.deepEqual(
    doorsOf('prod', topology).map(({ name, namespace, service }) => [name, namespace, service]),
    [
      ['gateway', 'maru-prod', 'gateway'],
      ['grafana', 'maru-prod-observability', 'maru-prod-grafana'],
      ['prometheus', 'maru-prod-observability', 'prometheus-operated'],
      ['argocd', 'argocd', 'argocd-server'],
    ],
  )
  t.deepEqual(forwardWords({ words: ['--context', 'kind'] }, gateway, 9000), [
    ...['--context', 'kind', '--namespace', 'maru-dev'],
    ...['port-forward', 'service/gateway', `9000:${gateway.port}`],
  ])
})

test('the clients stand in a Secret that the stack makes', (t) => {
  const context = contextOf('dev')
  const made = topology.services.flatMap((service) => secretsOf(service, context))
  t.true(made.some(({ name }) => name === clientListName(topology)))
})

/** A program in kubectl’s place: nodes of the throw-away cluster run nothing that could be forwarded to. */
function standIn(script: string) {
  const kubectl = join(folder, `kubectl-${script.length}`)
  writeFileSync(kubectl, `#!/bin/sh\n${script}\n`)
  chmodSync(kubectl, 0o755)
  return { kubectl, words: [], simulated: false }
}

test('a forward is there when kubectl says that it listens, and ends with it', async (t) => {
  const [port = 0] = await freePorts(1)
  const cluster = standIn('echo "Forwarding from 127.0.0.1:1 -> 2"; exec sleep 60')
  const open = await forward(cluster, gateway, port)
  t.is(open.url, `http://127.0.0.1:${port}`)
  await open.stop()
  t.truthy(await open.ended)
})

test('what kubectl says instead is the error', async (t) => {
  const cluster = standIn('echo "services \\"gateway\\" not found" >&2; exit 1')
  await t.throwsAsync(forward(cluster, gateway, 1), {
    message: 'gateway cannot be forwarded: services "gateway" not found',
  })
})
