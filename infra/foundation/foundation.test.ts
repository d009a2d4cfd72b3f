import type * as pulumi from '@pulumi/pulumi'
import test from 'ava'
import { topology } from '../../services/topology.ts'
import { isObject, isRelease, registeredBy, type Registered } from '../kubernetes/mocked.ts'
import { identityOf } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { Foundation } from './foundation.ts'
import { operatorsOf } from './operator-table.ts'
import { objectsOf, settingsOf, stacks } from './testing.ts'

/** Registers the foundation of `settings`, and tells what was asked for, in order. */
const registered = (
  settings: Settings,
  options: pulumi.ComponentResourceOptions = {},
): Promise<readonly Registered[]> =>
  registeredBy(settings.stack, () => new Foundation('foundation', { settings, topology }, options))

const isComponent = ({ type }: Registered): boolean => type.startsWith('maru:foundation:')

test.serial('where operators are present none is installed', async (t) => {
  const asked = await registered(settingsOf('dev', { operators: 'present' }))
  t.deepEqual(asked.filter(isRelease), [])
  t.false(asked.some(({ type }) => type.includes('GatewayClass')))
})

test.serial(
  'where they are to be installed every row of the table is, at its version',
  async (t) => {
    for (const stack of stacks) {
      const settings = settingsOf(stack, { operators: 'install' })
      const releases = (await registered(settings)).filter(isRelease)
      t.deepEqual(
        releases.map(({ inputs }) => `${inputs['name']} ${inputs['version']}`).sort(),
        operatorsOf(settings, 'operators')
          .map((row) => `${row.name} ${row.version}`)
          .sort(),
      )
      for (const { inputs } of releases) {
        t.is(inputs['namespace'], `maru-${stack}-operators`)
        t.is(inputs['createNamespace'], false)
      }
    }
  },
)

test.serial('exactly the plain objects are registered', async (t) => {
  for (const stack of stacks)
    for (const operators of ['install', 'present'] as const) {
      const settings = settingsOf(stack, { operators })
      const made = (await registered(settings)).filter(isObject)
      const plain = made.map(({ inputs }) => identityOf(inputs as never))
      t.deepEqual([...plain].sort(), objectsOf(settings).map(identityOf).sort())
    }
})

test.serial('namespaces come before operators, and operators before what they run', async (t) => {
  const asked = await registered(settingsOf('prod', { operators: 'install' }))
  const last = (chosen: (one: Registered) => boolean) => asked.findLastIndex(chosen)
  const first = (chosen: (one: Registered) => boolean) => asked.findIndex(chosen)
  const isNamespace = ({ type }: Registered) => type.endsWith(':Namespace')
  const runs = (one: Registered) =>
    /:(Kafka|KafkaNodePool|Cluster|Pooler|MariaDB|OpenSearchCluster|StatefulSet|Gateway)$/.test(
      one.type,
    )
  t.true(last(isNamespace) < first(isRelease))
  t.true(last(isRelease) < first(runs))
})

test.serial('what holds data outlives a protected stack, and nothing else does', async (t) => {
  const keptOf = async (protect: boolean) => {
    const kept: string[] = []
    const note: pulumi.ResourceTransformation = ({ type, name, opts }) => {
      if (opts.protect && opts.retainOnDelete) kept.push(`${type.split(':').at(-1)} ${name}`)
      return undefined
    }
    const settings = settingsOf('prod', { protect, operators: 'present' })
    await registered(settings, { transformations: [note] })
    return kept.sort()
  }
  t.deepEqual(await keptOf(false), [])
  t.deepEqual(await keptOf(true), [
    'Cluster postgres',
    'Kafka kafka',
    'KafkaNodePool brokers',
    'KafkaNodePool controllers',
    'MariaDB mariadb',
    'Namespace maru-prod',
    'Namespace maru-prod-observability',
    'OpenSearchCluster opensearch',
    'StatefulSet redis',
  ])
})

test.serial('each part is a component of its own', async (t) => {
  const asked = await registered(settingsOf('dev'))
  t.deepEqual(
    asked
      .filter(isComponent)
      .map(({ type }) => type.split(':').at(-1))
      .sort(),
    [
      'Foundation',
      'FrontDoor',
      'Kafka',
      'Mariadb',
      'Namespaces',
      'Opensearch',
      'Operators',
      'Postgres',
      'Redis',
      'StoreNetwork',
    ],
  )
})
