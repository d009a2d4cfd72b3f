import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Which files below `root` the builder is sent, by the patterns of .dockerignore; the last that matches decides.
 * @returns a check of a path from the root
 */
export function sentOf(root: string): (path: string) => boolean {
  const patterns = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const rules = patterns.map((line) => ({ sends: line.startsWith('!'), ...shape(line) }))
  return (path) => rules.reduce((sent, { sends, matches }) => (matches(path) ? sends : sent), true)
}

function shape(line: string): { matches(path: string): boolean } {
  const escaped = line
    .replace(/^!/, '')
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('**/', '(.*/)?')
    .replaceAll(/(?<![.)])\*/g, '[^/]*')
  const expression = new RegExp(`^${escaped}(/.*)?$`)
  return { matches: (path) => path !== '' && expression.test(path) }
}
