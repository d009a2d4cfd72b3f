import { fileOf, MigrationError, type Migration } from './plan.ts'

/** One statement of a file for MariaDB. */
export interface Step {
  readonly text: string
  /** It writes rows, so it can be noted in the transaction in which it is done. The others commit by themselves. */
  readonly transactional: boolean
}

/**
 * The statements of a file, each without comments and its semicolon.
 * @throws MigrationError for a statement that commits by itself and could not be repeated after a cut
 */
export function stepsOf(namespace: string, migration: Migration): readonly Step[] {
  const steps = split(migration.text).map((text): Step => {
    const transactional = /^(insert|update|delete|replace)\b/i.test(text)
    return { text, transactional }
  })
  for (const { text, transactional } of steps) {
    if (transactional || isRepeatable(text)) continue
    throw new MigrationError(
      `${fileOf(migration)} of ${namespace} holds what cannot be done twice: ${start(text)}. ${advice}`,
    )
  }
  return steps
}

const advice =
  'MariaDB commits each change of a table by itself, so a file that was cut is resumed with the statement that was under way: say "if [not] exists" or "or replace" for each thing that is made, changed or dropped, and keep triggers, procedures and views out, which a restore could not put back in their place.'

const start = (text: string): string => `"${text.replaceAll(/\s+/g, ' ').slice(0, 60)}"`

/** Quoted texts and names, comments, ends, and any other letter. */
const tokens =
  /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`|--[^\n]*|#[^\n]*|\/\*[^]*?\*\/|;|[^]/g

function split(file: string): readonly string[] {
  const statements = ['']
  for (const [token] of file.matchAll(tokens)) {
    if (token === ';') statements.push('')
    else if (!/^(--|#|\/\*)/.test(token)) statements.push((statements.pop() ?? '') + token)
  }
  return statements.map((text) => text.trim()).filter((text) => text !== '')
}

function isRepeatable(text: string): boolean {
  const words = text.replaceAll(/'[^']*'|"[^"]*"|`[^`]*`/g, 'x').toLowerCase()
  if (/^create\b[^(]*\b(trigger|procedure|function|event|package|view)\b/.test(words)) return false
  if (/^create\b/.test(words)) return /^create or replace\b|\bif not exists\b/.test(words)
  if (/^(drop|rename)\b/.test(words)) return /\bif exists\b/.test(words)
  if (/^alter table\b/.test(words)) return isRepeatableChange(words)
  return /^(set|select|do|analyze|optimize)\b/.test(words)
}

/** Each thing that is added, renamed or dropped says what to do when it is there, or gone, already. */
function isRepeatableChange(words: string): boolean {
  const changes = words.replace(/^alter table( if exists)?/, '')
  const named = changes.match(/\b(add|drop|change|rename)\b/g) ?? []
  const asked = changes.match(/\bif (not )?exists\b/g) ?? []
  return named.length === asked.length
}
