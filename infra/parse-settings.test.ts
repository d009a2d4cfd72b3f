import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parseSettings, SettingsError } from './parse-settings.ts'
import { settingsSchema } from './settings.ts'
import { declaredSettings, readStack, stackNames } from './stacks.ts'

const root = join(import.meta.dirname, '..')
const gitops = { repository: 'https://git.example.com/maru.git', revision: 'main' }

/** Each wrong configuration, and what its sentence must say: the key, what it must be, what it is. */
const wrong: readonly (readonly [object, RegExp])[] = [
  [{ deliver: 'gitops' }, /maru:deliver is not known; did you mean delivery\?/],
  [{ delivery: 'argo' }, /maru:delivery must be one of pulumi, gitops, but is "argo"/],
  [{ delivery: true }, /maru:delivery must be one of pulumi, gitops, but is true/],
  [{ operators: 'yes' }, /maru:operators must be one of install, present, but is "yes"/],
  [{ protect: 'yes' }, /maru:protect must be true or false, but is "yes"/],
  [{ kafka: 3 }, /maru:kafka must be an object, but is 3/],
  [{ kafka: { broker: 3 } }, /maru:kafka\.broker is not known; did you mean brokers\?/],
  [{ kafka: { brokers: '3' } }, /maru:kafka\.brokers must be a number, but is "3"/],
  [{ kafka: { brokers: 0 } }, /maru:kafka\.brokers must be at least 1, but is 0/],
  [{ kafka: { brokers: 10 } }, /maru:kafka\.brokers must be at most 9, but is 10/],
  [{ kafka: { brokers: 1.5 } }, /maru:kafka\.brokers must be a whole number, but is 1\.5/],
  [{ kafka: { controllers: 2 } }, /maru:kafka\.controllers must be 0 or odd .*, but is 2/],
  [{ kafka: { storage: '10G' } }, /maru:kafka\.storage must be a size such as 10Gi, but is "10G"/],
  [{ postgres: { storage: 10 } }, /maru:postgres\.storage must be a string, but is 10/],
  [{ postgres: { backups: '/tmp' } }, /maru:postgres\.backups must be a bucket .*, but is "\/tmp"/],
  [{ metrics: { retention: '1w' } }, /maru:metrics\.retention must be a duration .*, but is "1w"/],
  [
    { traces: { samplePercent: 101 } },
    /maru:traces\.samplePercent must be at most 100, but is 101/,
  ],
  [
    { images: { source: 'docker' } },
    /maru:images\.source must be one of build, registry, pinned, loaded/,
  ],
  [{ images: { prefix: 'a b' } }, /maru:images\.prefix must be a registry and a path/],
  [{ images: { prefix: 'ghcr.io/a:1' } }, /maru:images\.prefix .*without a tag, but is/],
  [{ delivery: 'gitops' }, /maru:images\.source must be pinned where maru:delivery is gitops/],
  [{ secrets: { mode: 'external' } }, /maru:secrets\.store must name a ClusterSecretStore/],
  [{ secrets: { seed: 7 } }, /maru:secrets\.seed must be a string, but is "\(hidden\)"/],
  [{ gateway: { host: 'no host' } }, /maru:gateway\.host .*, but is "no host"/],
  [{ storageClass: 'Fast SSD' }, /maru:storageClass must be a Kubernetes name, but is "Fast SSD"/],
  [{ gitops: { revision: 'main' } }, /maru:gitops\.repository must be a string, but is missing/],
  [{ replicas: { min: 3, max: 2 } }, /maru:replicas\.min must be at most maru:replicas\.max \(2\)/],
  [
    { services: { gatway: { min: 1 } } },
    /maru:services\.gatway is no service; did you mean gateway/,
  ],
  [{ services: { rank: { min: 3, max: 1 } } }, /maru:services\.rank\.min must be at most its max/],
  [
    { services: { rank: { cpus: '1' } } },
    /maru:services\.rank\.cpus is not known; did you mean cpu/,
  ],
  [{ services: { rank: { cpu: '0.5' } } }, /maru:services\.rank\.cpu must be a CPU quantity/],
]

for (const [raw, sentence] of wrong) {
  test(`refused: ${JSON.stringify(raw)}`, (t) => {
    const error = t.throws(() => parseSettings({ gitops, ...raw }, 'dev'), {
      instanceOf: SettingsError,
    })
    t.regex(error.message, sentence)
    t.regex(error.message, /stack "dev".*nothing was planned/)
  })
}

test('all problems are reported together', (t) => {
  const raw = { gitops, kafka: { brokers: 0 }, protect: 'yes', deliver: 'x' }
  t.is(t.throws(() => parseSettings(raw, 'dev'), { instanceOf: SettingsError }).problems.length, 3)
})

test('a stack’s name that could not become part of names is refused', (t) => {
  t.throws(() => parseSettings({ gitops }, 'My_Stack'), { message: /name must be.*"My_Stack"/ })
})

test('a seed never stands in a message', (t) => {
  const raw = { gitops, secrets: { seed: 'a-secret-seed', mod: 'x' } }
  t.notRegex(t.throws(() => parseSettings(raw, 'dev')).message, /a-secret-seed/)
})

test('one key of a group may be set alone', (t) => {
  const { kafka } = parseSettings({ gitops, kafka: { brokers: 3 } }, 'dev')
  t.deepEqual(kafka, { brokers: 3, controllers: 0, storage: '10Gi' })
})

test('Pulumi.yaml declares every key, with the type and the default that the schema has', (t) => {
  const config = declaredSettings(root)
  const keys = Object.keys(settingsSchema.shape)
  t.deepEqual(
    Object.keys(config),
    keys.map((key) => `maru:${key}`),
  )
  const defaults = settingsSchema.parse({ gitops: config['maru:gitops']?.default })
  for (const key of keys) {
    const declared = config[`maru:${key}`]
    const value = defaults[key as keyof typeof defaults]
    t.deepEqual(declared?.default, value, key)
    t.is(declared?.type, typeof value, key)
    t.regex(declared?.description ?? '', /^.+\.$/, key)
  }
})

test('the committed stacks are usable, and hold no secret', (t) => {
  t.deepEqual(stackNames(root), ['dev', 'prod'])
  for (const stack of stackNames(root)) {
    t.is(readStack(root, stack).stack, stack)
    t.notRegex(
      readFileSync(join(root, `Pulumi.${stack}.yaml`), 'utf8'),
      /secure:|seed|encryptionsalt/,
    )
  }
})
