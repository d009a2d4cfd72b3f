import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { clusters } from '../endpoints.ts'
import { parse, stringify } from 'yaml'
import { watchers } from '../../dashboards/servers.ts'
import { violations } from '../definitions/validate.ts'
import { foundationObjects } from '../foundation/foundation-objects.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { engines } from '../local/engines/engines.ts'
import { contextOf, stackObjects } from '../workloads/testing.ts'
import { boardFolder } from './alerts-and-boards.ts'

const root = join(import.meta.dirname, '../..')

const byKind = (kind: string, stack: string): readonly KubernetesObject[] =>
  stackObjects(contextOf(stack)).filter((object) => object.kind === kind)

test('a cluster’s rules and boards are those that are committed for the local run, each once', async (t) => {
  for (const stack of ['dev', 'prod']) {
    const rules = byKind('PrometheusRule', stack)
    const files = await folderOf('alerts/rendered', '.rules.yaml')
    t.deepEqual(
      Object.fromEntries(rules.map(({ metadata, spec }) => [`${metadata.name}.rules.yaml`, spec])),
      Object.fromEntries([...files].map(([file, text]) => [file, parse(text) as object])),
    )
    t.is(rules.length, files.size)
    const boards = byKind('ConfigMap', stack)
    const committed = await folderOf('dashboards/rendered', '.json')
    t.deepEqual(
      Object.assign({}, ...boards.map(({ data }) => data as object)),
      Object.fromEntries(committed),
    )
    t.is(boards.length, committed.size)
  }
})

/** The most that Kubernetes takes of a ConfigMap. */
const mebibyte = 1_048_576

test('every board fits into its ConfigMap and has a folder', (t) => {
  for (const board of byKind('ConfigMap', 'prod')) {
    t.true(Buffer.byteLength(JSON.stringify(board)) < mebibyte / 2, board.metadata.name)
    t.truthy(board.metadata.annotations?.[boardFolder], board.metadata.name)
  }
})

test('who watches stores is scraped under the names that alerts ask for, here and in a cluster', (t) => {
  const here = new Set(Object.keys(engines))
  const monitors = foundationObjects(contextOf('prod')).filter(({ kind }) => kind === 'PodMonitor')
  // MariaDB's operator makes the monitor itself; its job is the name of the Service that is scraped.
  const byOperator = `${clusters.mariadb}-metrics`
  const there = new Set([...monitors.map(({ metadata }) => metadata.name), byOperator])
  for (const { jobs } of Object.values(watchers)) {
    const [local = '', cluster = ''] = jobs
    t.true(here.has(local), local)
    t.true(there.has(cluster), cluster)
  }
})

/** Texts of a folder's files by their names. */
async function folderOf(folder: string, ending: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(join(root, folder))).filter((name) => name.endsWith(ending))
  const texts = names.map(async (name) => {
    return [name, await readFile(join(root, folder, name), 'utf8')] as const
  })
  return new Map(await Promise.all(texts))
}

test('promtool takes the rules of every PrometheusRule, and the operator its form', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'maru-rules-'))
  try {
    const files = await Promise.all(
      byKind('PrometheusRule', 'dev').map(async (rule) => {
        t.deepEqual(violations(rule), [], rule.metadata.name)
        const file = join(dir, `${rule.metadata.name}.yaml`)
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
