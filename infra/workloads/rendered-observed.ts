import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { boardOfService } from '../../services/model/board.ts'
import type { Topology } from '../../services/model/topology.ts'
import type { Observed, ObservedRules, StackContext } from './stack-context.ts'

type Services = Pick<Topology, 'services'>

/**
 * Boards and rules as they are committed, so that a cluster shows what the local run shows.
 * @param root the repository's root folder
 */
export function renderedObserved(root: string, topology: Services): StackContext['observed'] {
  const boards = filesIn(join(root, 'dashboards/rendered'), '.json').map(({ text }) => {
    const { uid, tags } = JSON.parse(text) as { uid: string; tags: readonly string[] }
    return { uid, folder: folderOf(tags), json: text }
  })
  const rules = filesIn(join(root, 'alerts/rendered'), '.rules.yaml').map(({ name, text }) => ({
    name,
    ...(parse(text) as Omit<ObservedRules, 'name'>),
  }))
  return observedBy(topology, { boards, rules })
}

/** Grafana folder of a board: its product, which is the last of its tags. */
const folderOf = (tags: readonly string[]): string => tags.at(-1) ?? ''

const filesIn = (folder: string, ending: string) =>
  readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => ({
      name: file.slice(0, -ending.length),
      text: readFileSync(join(folder, file), 'utf8'),
    }))

/**
 * Gives boards and rules to their owners: what is no service's is the platform's.
 * @throws Error that names the word which renders what a service lacks
 */
export const observedBy =
  ({ services }: Services, { boards, rules }: Observed): StackContext['observed'] =>
  (owner) => {
    if (owner === 'platform')
      return {
        boards: boards.filter(({ uid }) => services.every((one) => boardOfService(one) !== uid)),
        rules: rules.filter(({ name }) => services.every((one) => one.name !== name)),
      }
    const board = boards.find(({ uid }) => uid === boardOfService(owner))
    const file = rules.find(({ name }) => name === owner.name)
    if (!board || !file)
      throw new Error(`${owner.name} has no board or no rules: ./maru render writes them.`)
    return { boards: [board], rules: [file] }
  }
