import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { stringify } from 'yaml'
import { alertmanagerConfig } from '../alerts/alertmanager.ts'
import { ruleFilesOf, type RuleFile } from '../alerts/rules.ts'
import { resultsText } from '../bench/page.ts'
import { boardsOf } from '../dashboards/boards.ts'
import type { Board } from '../dashboards/board.ts'
import { toGrafana } from '../dashboards/grafana.ts'
import { asyncApi } from '../services/kit/asyncapi.ts'
import { openApi } from '../services/kit/openapi.ts'
import type { Topology } from '../services/model/topology.ts'
import { gitopsFiles } from './gitops/render.ts'
import { kubernetesTables } from './kubernetes-tables.ts'
import { cellsTable } from './prove/cells.ts'
import { operationsTables, readmeTables } from './readme.ts'
import { table, withTables } from './rendered-tables.ts'
import { observedBy } from './workloads/rendered-observed.ts'
import type { StackContext } from './workloads/stack-context.ts'

/** A file that follows from the topology: path from the repository's root, and its text. */
export interface Rendered {
  readonly path: string
  readonly text: string
}

/** Folders that hold rendered files only: what is not rendered any more is deleted there. */
const renderedFolders = ['dashboards/rendered', 'alerts/rendered', 'docs/api', 'gitops'] as const

/** The one kind of file there that people edit. */
const edited = /^gitops\/[^/]+\/versions\.yaml$/

const origin = 'Rendered by ./maru render from services/topology.ts. Do not edit.'

/**
 * Everything that is rendered, in stable order. Pure but for pages, whose text between the markers is replaced.
 * @param root the repository's root folder
 */
export function render(topology: Topology, root: string): readonly Rendered[] {
  const page = (path: string, tables: Readonly<Record<string, string>>): Rendered => ({
    path,
    text: withTables(path, readFileSync(join(root, path), 'utf8'), tables),
  })
  return [
    ...boardsOf(topology).map(boardFile),
    ...ruleFilesOf(topology).map((file) => yaml(ruleFile(file.name), groupsOf(file))),
    yaml('alerts/rendered/alertmanager.yaml', alertmanagerConfig()),
    ...apiDocuments(topology),
    ...gitopsFiles(topology, root, observedOf(topology)).map(({ path, objects }) =>
      yaml(path, ...objects),
    ),
    page('README.md', readmeTables(topology)),
    page('docs/operations.md', operationsTables(topology)),
    page('docs/kubernetes.md', kubernetesTables(root)),
    page('docs/reliability.md', { cells: `\n${cellsTable()}\n` }),
    page('docs/performance.md', { benchmarks: resultsText(root, table) }),
  ]
}

const boardFile = (board: Board): Rendered =>
  json(`dashboards/rendered/${board.uid}.json`, toGrafana(board))

const ruleFile = (name: string): string => `alerts/rendered/${name}.rules.yaml`

const groupsOf = ({ name, rules }: RuleFile) => ({ groups: [{ name: `maru-${name}`, rules }] })

/** Boards and rules for the cluster: the text of the files beside. */
const observedOf = (topology: Topology): StackContext['observed'] =>
  observedBy(topology, {
    boards: boardsOf(topology).map((board) => ({
      uid: board.uid,
      folder: board.product,
      json: boardFile(board).text,
    })),
    rules: ruleFilesOf(topology).map((file) => ({ name: file.name, ...groupsOf(file) })),
  })

/** Files whose committed text differs from what would be rendered, and files that should not be there. */
export function staleFiles(topology: Topology, root: string): readonly string[] {
  const rendered = render(topology, root)
  const changed = rendered.filter(({ path, text }) => readOrEmpty(join(root, path)) !== text)
  return [...changed.map(({ path }) => path), ...leftovers(rendered, root)]
}

/** Writes what changed and deletes what is not rendered any more. @returns the paths that changed */
export function writeRendered(topology: Topology, root: string): readonly string[] {
  const stale = staleFiles(topology, root)
  const rendered = render(topology, root)
  for (const path of leftovers(rendered, root)) rmSync(join(root, path))
  for (const { path, text } of rendered) {
    if (!stale.includes(path)) continue
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return stale
}

const apiDocuments = (topology: Topology): readonly Rendered[] =>
  topology.services.flatMap((service) => {
    const messages = asyncApi(service)
    return [
      ...(Object.keys(service.api).length > 0
        ? [json(`docs/api/${service.name}.openapi.json`, openApi(service))]
        : []),
      ...(messages ? [json(`docs/api/${service.name}.asyncapi.json`, messages)] : []),
    ]
  })

/** JSON has no comments: the origin is the first member, as an extension that OpenAPI and AsyncAPI allow. */
const json = (path: string, value: object): Rendered => ({
  path,
  text: `${JSON.stringify({ 'x-rendered': origin, ...value }, null, 2)}\n`,
})

const yaml = (path: string, ...documents: readonly object[]): Rendered => ({
  path,
  text: `# ${origin}\n${documents.map(document).join('---\n')}`,
})

const document = (value: object): string =>
  stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })

function leftovers(rendered: readonly Rendered[], root: string): readonly string[] {
  const paths = new Set(rendered.map(({ path }) => path))
  return renderedFolders
    .flatMap((folder) => globSync(`${folder}/**/*`, { cwd: root, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !paths.has(path) && !edited.test(path))
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
