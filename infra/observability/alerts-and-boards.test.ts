import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { parse, stringify } from 'yaml'
import { contextOf, objectOf } from '../workloads/testing.ts'
import { violations } from '../definitions/validate.ts'

const root = join(import.meta.dirname, '../..')

test('a cluster’s rules and boards are those that are committed for the local run', async (t) => {
  for (const stack of ['dev', 'prod']) {
    const context = contextOf(stack)
    for (const service of context.topology.services) {
      const rule = objectOf('PrometheusRule', service, context)
      const file = await readFile(join(root, `alerts/rendered/${service.name}.rules.yaml`), 'utf8')
      t.deepEqual(rule['spec'], parse(file))
      const board = objectOf('ConfigMap', service, context)
      const name = `maru-${service.name}.json`
      t.deepEqual(board['data'], {
        [name]: await readFile(join(root, 'dashboards/rendered', name), 'utf8'),
      })
    }
  }
})

test('promtool takes the rules of every PrometheusRule, and the operator its form', async (t) => {
  const context = contextOf('dev')
  const dir = await mkdtemp(join(tmpdir(), 'maru-rules-'))
  try {
    const files = await Promise.all(
      context.topology.services.map(async (service) => {
        const rule = objectOf('PrometheusRule', service, context)
        t.deepEqual(violations(rule), [], service.name)
        const file = join(dir, `${service.name}.yaml`)
        await writeFile(file, stringify(rule['spec']))
        return file
      }),
    )
    const { stdout } = await promisify(execFile)('promtool', ['check', 'rules', ...files])
    t.is(stdout.match(/SUCCESS/g)?.length, files.length)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})
