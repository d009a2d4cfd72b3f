import { readFileSync } from 'node:fs'
import { Config, getStack } from '@pulumi/pulumi'
import { parseSettings, SettingsError } from './parse-settings.ts'
import { settingsSchema, type Settings } from './settings.ts'

/** The shortest seed from which secrets are derived, in characters. */
const seedCharacters = 24

/**
 * The settings of the stack that Pulumi runs. The only reader of `pulumi.Config`.
 * @throws SettingsError with every problem at once
 */
export function readConfig(): Settings {
  const config = new Config()
  const stack = getStack()
  const keys = Object.keys(settingsSchema.shape)
  const raw = keys.flatMap((key) => {
    const text = config.get(key)
    return text === undefined ? [] : [[key, valueOf(key, text)]]
  })
  const settings = parseSettings({ ...Object.fromEntries(raw), ...unknownKeys(keys) }, stack)
  const problems = missing(settings)
  if (problems.length > 0) throw new SettingsError(stack, problems)
  return { ...settings, kubeconfig: textOf(settings.kubeconfig) }
}

/** Keys of the stack that are not settings; Pulumi's own check of them is the CLI's, which may be older. */
function unknownKeys(known: readonly string[]): Readonly<Record<string, unknown>> {
  const all = JSON.parse(process.env['PULUMI_CONFIG'] ?? '{}') as Record<string, string>
  const own = Object.entries(all)
    .filter(([name]) => name.startsWith('maru:'))
    .map(([name, value]) => [name.slice('maru:'.length), value] as const)
  return Object.fromEntries(own.filter(([name]) => !known.includes(name)))
}

const texts = ['kubeconfig', 'context', 'delivery', 'operators', 'storageClass']

/** Pulumi hands every value on as text: all but plain words is JSON. */
function valueOf(key: string, text: string): unknown {
  if (texts.includes(key)) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** What only a run needs, and what is rendered does not. */
function missing({ kubeconfig, secrets }: Settings): readonly string[] {
  const noSeed = secrets.mode === 'generated' && secrets.seed.length < seedCharacters
  return [
    ...(kubeconfig === ''
      ? [
          'maru:kubeconfig must be the path of a kubeconfig file, but is missing: pulumi config set kubeconfig ~/.kube/config',
        ]
      : []),
    ...(noSeed
      ? [
          `maru:secrets.seed must be at least ${seedCharacters} characters, but ${secrets.seed === '' ? 'is missing' : `has ${secrets.seed.length}`}: pulumi config set --secret --path secrets.seed "$(openssl rand -base64 32)"`,
        ]
      : []),
  ]
}

/** @throws SettingsError naming the file that cannot be read */
function textOf(kubeconfig: string): string {
  if (kubeconfig.includes('\n') || kubeconfig.startsWith('{')) return kubeconfig
  const path = kubeconfig.replace(/^~(?=\/)/, process.env['HOME'] ?? '~')
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : String(error)
    throw new SettingsError(getStack(), [
      `maru:kubeconfig must be a kubeconfig file that can be read, but ${path} ${why}`,
    ])
  }
}
