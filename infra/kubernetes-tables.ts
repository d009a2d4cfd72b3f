import { definitionRows } from './definitions/tier-table.ts'
import { table } from './rendered-tables.ts'
import { declaredSettings } from './stacks.ts'

/** What stands between the markers of docs/kubernetes.md. @param root the repository's root folder */
export const kubernetesTables = (root: string): Readonly<Record<string, string>> => ({
  settings: settingsTable(root),
  definitions: table(['kind', 'API version', 'checked by', 'from'], definitionRows()),
})

const settingsTable = (root: string): string =>
  table(
    ['key', 'default', 'what'],
    Object.entries(declaredSettings(root)).map(([key, declared]) => [
      `\`${key.replace('maru:', '')}\``,
      shown(declared.default),
      declared.description,
    ]),
  )

/** Groups as their keys with values, so that one can be named: `brokers 1, controllers 0`. */
function shown(value: unknown): string {
  if (value === '') return '(empty)'
  if (typeof value !== 'object' || value === null) return `\`${String(value)}\``
  const keys = Object.entries(value).map(
    ([key, one]) => `${key} ${one === '' ? '(empty)' : `\`${String(one)}\``}`,
  )
  return keys.join(', ') || '(none)'
}
