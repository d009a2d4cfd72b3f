import test from 'ava'
import { operatorNamed, operatorsOf, operatorTable } from './operator-table.ts'
import { settingsOf } from './testing.ts'

test('every version is exact, and what a row needs stands above it', (t) => {
  const above: string[] = []
  for (const { name, version, after, chart, repository } of operatorTable) {
    t.regex(version, /^v?\d+\.\d+\.\d+$/, name)
    t.is(chart.startsWith('oci://'), repository === undefined, `${name}: one source`)
    for (const one of after) t.true(above.includes(one), `${name} after ${one}`)
    t.false(above.includes(name), `${name} twice`)
    above.push(name)
  }
})

test('what a wanted row needs is wanted as well', (t) => {
  for (const backups of ['', 's3://backups/maru'])
    for (const mode of ['generated', 'external'] as const) {
      const base = settingsOf('dev')
      const settings = settingsOf('dev', {
        postgres: { ...base.postgres, backups },
        secrets: { ...base.secrets, mode },
      })
      const wanted = operatorsOf(settings).map(({ name }) => name)
      for (const row of operatorsOf(settings))
        for (const one of row.after) t.true(wanted.includes(one), `${row.name} after ${one}`)
      t.is(wanted.includes('barman-cloud'), backups !== '')
      t.is(wanted.includes('external-secrets'), mode === 'external')
    }
})

test('an unknown name is answered with those that there are', (t) => {
  t.is(operatorNamed('strimzi').version, '1.2.0')
  t.throws(() => operatorNamed('strimsi'), { message: /no operator "strimsi".*strimzi/ })
})
