import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Service } from '../../services/model/service.ts'
import type { Observed } from './stack-context.ts'

/**
 * Board and rules of a service as they are committed, so that a cluster shows what the local run shows.
 * @param root the repository's root folder
 * @throws Error that names the word which renders them
 */
export function renderedObserved(root: string): (service: Service) => Observed {
  return ({ name }) => {
    const board = read(join(root, `dashboards/rendered/maru-${name}.json`))
    const { uid, title } = JSON.parse(board) as { uid: string; title: string }
    const rules = parse(read(join(root, `alerts/rendered/${name}.rules.yaml`))) as Observed['rules']
    return { board: { uid, title, json: board }, rules }
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Error(`${path} cannot be read: ./maru render writes it.`, { cause: error })
  }
}
