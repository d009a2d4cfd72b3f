import test from 'ava'
import { alloyConfig, alloyObjects } from './alloy.ts'
import { lokiConfig } from './loki.ts'
import { settingsOf } from './testing.ts'

test('every component that Alloy’s pipeline refers to is declared', (t) => {
  const config = alloyConfig('dev')
  const declared = [...config.matchAll(/^([a-z._]+) "([a-z]+)" \{$/gm)].map(
    ([, kind, label]) => `${kind}.${label}`,
  )
  const referred = [...config.matchAll(/([a-z._]+)\.(?:receiver|output|targets)\b/g)].map(
    ([, name]) => name ?? '',
  )
  t.is(referred.length, 4)
  for (const name of referred) t.true(declared.includes(name), name)
  t.deepEqual(
    declared.filter((name) => !referred.includes(name)),
    ['loki.source.kubernetes.pods'],
  )
  t.is(config.match(/\{/g)?.length, config.match(/\}/g)?.length)
})

test('logs are read in the namespaces in which Alloy may, and nowhere else', (t) => {
  const [, names = ''] = /names = (\[.*\])/.exec(alloyConfig('dev')) ?? []
  const rights = alloyObjects(settingsOf('dev')).filter(({ kind }) => kind === 'Role')
  t.deepEqual(
    JSON.parse(names),
    rights.map(({ metadata }) => metadata.namespace),
  )
})

test('a stream has few values: the trace id is no label', (t) => {
  const [, labels = ''] = /stage\.labels \{([^}]*\})/.exec(alloyConfig('dev')) ?? []
  t.true(labels.includes('level'))
  t.false(labels.includes('trace_id'))
})

test('logs are deleted after the stack’s time, which is at least a day', (t) => {
  const config = lokiConfig({ retention: '14d' })
  t.is(config.limits_config.retention_period, '336h')
  t.true(config.compactor.retention_enabled)
  const error = t.throws(() => lokiConfig({ retention: '5h' }))
  t.regex(
    error?.message ?? '',
    /maru:logs\.retention must be at least 24h .* but is "5h": raise it/,
  )
})
