import { closest, distance } from 'fastest-levenshtein'
import type { z } from 'zod'
import { topology } from '../services/topology.ts'
import { settingsSchema, type Settings } from './settings.ts'

/** The configuration of a stack is not usable. Carries every problem, not only the first. */
export class SettingsError extends Error {
  readonly code = 'SETTINGS_INVALID'
  readonly problems: readonly string[]
  constructor(stack: string, problems: readonly string[]) {
    super(
      `The configuration of stack "${stack}" is not usable; nothing was planned:\n  - ${problems.join('\n  - ')}`,
    )
    this.name = 'SettingsError'
    this.problems = problems
  }
}

/**
 * Checks the raw values of a stack's keys.
 * @param raw values by key without the project's name, as they stand in the stack's file
 * @throws SettingsError with all problems: each names the key, what it must be, and what it is
 */
export function parseSettings(raw: Readonly<Record<string, unknown>>, stack: string): Settings {
  const parsed = settingsSchema.safeParse(raw)
  if (!parsed.success)
    throw new SettingsError(
      stack,
      parsed.error.issues.flatMap((issue) => sentences(issue, raw)),
    )
  const settings = { ...parsed.data, stack }
  const problems = [...nameProblems(stack), ...problemsBetween(settings)]
  if (problems.length > 0) throw new SettingsError(stack, problems)
  return settings
}

const key = (path: readonly PropertyKey[]): string => `maru:${path.map(String).join('.')}`

function sentences(issue: z.core.$ZodIssue, raw: unknown): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(issue.path)
    return issue.keys.map(
      (name) => `${key([...issue.path, name])} is not known; ${nearest(name, known)}`,
    )
  }
  const actual = issue.path[0] === 'secrets' ? '(hidden)' : valueAt(raw, issue.path)
  const found = actual === undefined ? 'missing' : JSON.stringify(actual)
  return [`${key(issue.path)} ${expected(issue)}, but is ${found}`]
}

function expected(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return `must be ${kinds[issue.expected] ?? `a ${issue.expected}`}`
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`
  if (issue.code === 'too_small')
    return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`
  if (issue.code === 'invalid_union') return issue.errors.flat().at(-1)?.message ?? issue.message
  return issue.message.startsWith('must') ? issue.message : `must be right (${issue.message})`
}

const kinds: Readonly<Record<string, string>> = {
  int: 'a whole number',
  object: 'an object',
  record: 'an object',
  boolean: 'true or false',
}

/** Keys that exist at a path of the schema: what a misspelt one may have meant. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  if (path[0] === 'services') return ['min', 'max', 'cpu', 'memory']
  const schema = path.reduce<unknown>((at, part) => shapeOf(at)[String(part)], settingsSchema)
  return Object.keys(shapeOf(schema))
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> {
  let at = schema as { shape?: Record<string, unknown>; unwrap?: () => unknown }
  while (at.shape === undefined && at.unwrap) at = at.unwrap() as typeof at
  return at.shape ?? {}
}

/** The most letters that a misspelt word may be off. */
const farthest = 4

/** What a word that is not known may have meant: `did you mean rank?`, or what there is. */
export function nearest(name: string, known: readonly string[]): string {
  const near = closest(name, [...known])
  if (distance(name, near) <= Math.min(farthest, name.length / 2)) return `did you mean ${near}?`
  return `known are ${known.join(', ')}`
}

const valueAt = (raw: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((at, part) => (at as Record<PropertyKey, unknown> | undefined)?.[part], raw)

const nameProblems = (stack: string): readonly string[] =>
  /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/.test(stack)
    ? []
    : [
        `the stack’s name must be at most 30 lower-case letters, digits and dashes (it becomes part of names), but is "${stack}"`,
      ]

/** What holds between keys. */
function problemsBetween(settings: Settings): readonly string[] {
  const { delivery, images, secrets, kafka, replicas, services } = settings
  const names = topology.services.map(({ name }) => name)
  const checks: readonly (readonly [boolean, string])[] = [
    [
      delivery === 'gitops' && images.source !== 'pinned',
      `maru:images.source must be pinned where maru:delivery is gitops (Argo CD reads versions.yaml), but is "${images.source}"`,
    ],
    [
      secrets.mode === 'external' && secrets.store === '',
      'maru:secrets.store must name a ClusterSecretStore where maru:secrets.mode is external, but is ""',
    ],
    [
      kafka.controllers > 0 && kafka.controllers % 2 === 0,
      `maru:kafka.controllers must be 0 or odd (a quorum of an even number survives no more), but is ${kafka.controllers}`,
    ],
    [
      replicas.min > replicas.max,
      `maru:replicas.min must be at most maru:replicas.max (${replicas.max}), but is ${replicas.min}`,
    ],
  ]
  return [
    ...checks.flatMap(([wrong, sentence]) => (wrong ? [sentence] : [])),
    ...Object.entries(services).flatMap(([name, { min, max }]) => [
      ...(names.includes(name)
        ? []
        : [`maru:services.${name} is no service; ${nearest(name, names)}`]),
      ...(min !== undefined && max !== undefined && min > max
        ? [`maru:services.${name}.min must be at most its max (${max}), but is ${min}`]
        : []),
    ]),
  ]
}
