import type * as pulumi from '@pulumi/pulumi'
import test from 'ava'
import { isRelease, registeredBy, type Registered } from '../kubernetes/mocked.ts'
import { identityOf } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import { Observability, observabilityObjects } from './observability.ts'
import { settingsOf, variants } from './testing.ts'

/** Registers what observes a stack, and tells what was asked for, in order. */
const registered = (
  settings: Settings,
  options: pulumi.ComponentResourceOptions = {},
): Promise<readonly Registered[]> =>
  registeredBy(
    settings.stack,
    () =>
      new Observability('observability', { settings, alertmanager: { receivers: [] } }, options),
  )

test.serial('the chart is installed once, or not at all where operators are present', async (t) => {
  for (const settings of variants) {
    const releases = (await registered(settings)).filter(isRelease)
    if (settings.operators === 'present') t.deepEqual(releases, [])
    else
      t.like(releases[0]?.inputs, {
        chart: 'kube-prometheus-stack',
        version: '88.5.3',
        namespace: `maru-${settings.stack}-observability`,
      })
    t.true(releases.length <= 1)
  }
})

test.serial(
  'exactly the plain objects are registered, each component under its type',
  async (t) => {
    for (const settings of variants) {
      const asked = await registered(settings)
      const objects = asked.filter((one) => one.type.startsWith('kubernetes:') && !isRelease(one))
      t.deepEqual(
        objects.map(({ inputs }) => identityOf(inputs as never)).sort(),
        observabilityObjects(settings).map(identityOf).sort(),
      )
      t.deepEqual(
        asked.filter(({ type }) => type.startsWith('maru:')).map(({ type }) => type),
        ['Observability', 'Collector', 'Tempo', 'Loki', 'Grafana', 'Prometheus'].map(
          (name) => `maru:observability:${name}`,
        ),
      )
    }
  },
)

test.serial('ways are open before anybody speaks, and Grafana has its administrator', async (t) => {
  const asked = await registered(settingsOf('dev', { operators: 'install' }))
  const place = (chosen: (one: Registered) => boolean): number => asked.findIndex(chosen)
  const policies = asked.findLastIndex(({ type }) => type.includes('NetworkPolicy'))
  t.true(policies < place(({ type }) => type.includes('Deployment')))
  t.true(place(({ type }) => type.includes(':Secret')) < place(isRelease))
})

test.serial('a protected stack keeps its traces and logs', async (t) => {
  for (const protect of [true, false]) {
    const kept: string[] = []
    // Mocks are not told of these options.
    const note: pulumi.ResourceTransformation = ({ type, opts }) => {
      if (opts.protect && opts.retainOnDelete) kept.push(type)
      return undefined
    }
    await registered(settingsOf('dev', { protect }), { transformations: [note] })
    t.deepEqual(kept, protect ? Array(2).fill('kubernetes:apps/v1:StatefulSet') : [])
  }
})
