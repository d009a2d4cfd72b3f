import type { Command } from 'commander'

export type { Command } from 'commander'

/**
 * One file a command: `infra/local/cli/<name>.ts` exports `register`, which adds the command to the program. It
 * is imported only when its word is asked for (or when the help is shown), so it may import what it likes.
 */
export interface CommandModule {
  register(program: Command): void
}

/** The words of the command line, in the order of the help. */
export const words = [
  'up',
  'dev',
  'down',
  'ps',
  'env',
  'logs',
  'trace',
  'board',
  'alerts',
  'tour',
  'verify',
  'drill',
  'prove',
  'dlq',
  'rebuild',
  'reindex',
  'backup',
  'restore',
  'test',
  'bench',
  'load',
  'render',
  'new',
  'promote',
  'diff',
  'cluster',
  'pulumi',
  'images',
  'open',
  'doctor',
] as const

/** Words that Maru says to itself. */
export const innerWords = ['join'] as const

/** Exit codes; a signal is 128 + its number. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  environment: 3,
  interrupted: 130,
  terminated: 143,
}

/** A wrong use of the command line: exit code 2. */
export class UsageError extends Error {
  readonly code = 'USAGE'
}

/** The one of that name. @param kind what it is called @throws UsageError that names all */
export function oneNamed<One extends { readonly name: string }>(
  kind: string,
  all: readonly One[],
  name: string,
): One {
  const found = all.find((one) => one.name === name)
  if (found) return found
  const names = all.map((one) => (one.name.includes(' ') ? `"${one.name}"` : one.name))
  throw new UsageError(`There is no ${kind} "${name}"; there are ${names.join(', ')}.`)
}

/** The machine lacks something: exit code 3. */
export class EnvironmentError extends Error {
  readonly code = 'ENVIRONMENT'
}

/** Option that every command has: data as JSON on stdout. */
export const jsonOption = ['--json', 'print data as JSON'] as const
