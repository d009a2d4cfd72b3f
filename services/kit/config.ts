import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import type { Service } from '../model/service.ts'
import type { Store } from '../model/store.ts'
import {
  frontedVariableNames,
  settingVariableName,
  storeVariable,
  variablesOf,
  type Variable,
} from './bindings.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Settings of a service with the types that its schemas give. */
export type Settings<S extends Service> = {
  readonly [K in keyof S['settings']]: z.output<S['settings'][K]['schema']>
}

/** Where and as whom a service reaches a store. */
export interface StoreLogin {
  readonly host: string
  readonly port: number
  readonly database: string
  /** '' and no password where an OpenSearch asks for no login. */
  readonly user: string
  readonly password: string
  /** Path of the certificate that an OpenSearch behind TLS is known by; '' otherwise. */
  readonly caFile: string
}

/** A service's environment, read once and checked. */
export interface Config<S extends Service = Service> {
  /** Value of a variable that the declaration derives. @throws Error for a name that it does not */
  text(name: string): string
  /** The same, or '' for a name that has no value. */
  optional(name: string): string
  number(name: string): number
  store(store: Store): StoreLogin
  readonly settings: Settings<S>
  /** All names and values, secrets replaced by `***`; what `--print-config` prints. */
  redacted(): Record<string, string>
}

/** The environment is wrong. Carries every problem, not only the first. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID'
  readonly problems: readonly string[]
  constructor(service: string, problems: readonly string[]) {
    super(`The environment of ${service} is not usable:\n  - ${problems.join('\n  - ')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Reads the variables that `service` derives from its declaration.
 * A secret may come as `<NAME>` or, better, as `<NAME>_FILE`.
 * @throws ConfigError with all missing names, unreadable files and wrong values at once
 */
export function readConfig<S extends Service>(service: S, env: Environment): Config<S> {
  const problems: string[] = []
  const variables = [...variablesOf(service), ...frontedVariables(service, env)]
  const values = new Map<string, string>()
  for (const variable of variables) readInto(values, problems, variable, env)
  const settings = readSettings(service, values, problems)
  if (problems.length > 0) throw new ConfigError(service.name, problems)
  return configFrom(service, variables, values, settings)
}

const frontedVariables = (service: Service, env: Environment): readonly Variable[] =>
  frontedVariableNames(service, Object.keys(env)).map((name) => ({
    name,
    summary: 'Base URLs of a fronted service, comma separated',
    secret: false,
  }))

function readInto(
  values: Map<string, string>,
  problems: string[],
  variable: Variable,
  env: Environment,
): void {
  try {
    const value = fromFile(env[`${variable.name}_FILE`]) ?? env[variable.name] ?? variable.fallback
    if (value === undefined) problems.push(`${variable.name} is missing (${variable.summary}).`)
    else if (holdsNumber.test(variable.name) && !Number.isFinite(Number(value)))
      problems.push(`${variable.name} must be a number, not "${value}".`)
    else values.set(variable.name, value)
  } catch (error) {
    problems.push(`${variable.name}_FILE cannot be read: ${(error as Error).message}`)
  }
}

/** Ports and milliseconds; settings have schemas of their own. */
const holdsNumber = /(^|_)(PORT|MS)$/

const fromFile = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : readFileSync(path, 'utf8').trimEnd()

function readSettings<S extends Service>(
  service: S,
  values: ReadonlyMap<string, string>,
  problems: string[],
): Settings<S> {
  const read = Object.entries(service.settings).map(([key, setting]) => {
    const name = settingVariableName(service, key)
    const parsed = setting.schema.safeParse(values.get(name) || undefined)
    if (!parsed.success) problems.push(`${name}: ${parsed.error.issues[0]?.message}`)
    return [key, parsed.data]
  })
  return Object.fromEntries(read) as Settings<S>
}

function configFrom<S extends Service>(
  service: S,
  variables: readonly Variable[],
  values: ReadonlyMap<string, string>,
  settings: Settings<S>,
): Config<S> {
  const text = (name: string): string => {
    const value = values.get(name)
    if (value === undefined) throw new Error(`${service.name} does not declare ${name}.`)
    return value
  }
  const optional = (name: string): string => values.get(name) ?? ''
  return {
    text,
    optional,
    number: (name) => Number(text(name)),
    settings,
    store: (store) => ({
      host: text(storeVariable(store, 'HOST')),
      port: Number(text(storeVariable(store, 'PORT'))),
      database: text(storeVariable(store, 'DATABASE')),
      user: optional(storeVariable(store, 'USER')),
      password: optional(storeVariable(store, 'PASSWORD')),
      caFile: optional(storeVariable(store, 'CA')),
    }),
    redacted: () =>
      Object.fromEntries(
        variables.map(({ name, secret }) => [
          name,
          secret && optional(name) !== '' ? '***' : optional(name),
        ]),
      ),
  }
}
