import test from 'ava'
import type { Alert, Condition } from '../services/model/alert.ts'
import type { Service } from '../services/model/service.ts'
import { topology } from '../services/topology.ts'
import { testRules, type Expectation, type Series, type Story } from './promtool.ts'
import type { Rule } from './rule.ts'
import { alertsOf, ruleFilesOf } from './rules.ts'

const files = ruleFilesOf(topology)
const minutes = 60
const at = '40m'

/** Some value of every label that a condition looks at. */
function labelsOf(service: Service, { where = {}, by = [], isForeign }: Condition) {
  const chosen = Object.entries(where).map(([label, [value = '']]) => [label, concrete(value)])
  return Object.fromEntries([
    ...(isForeign ? [] : [['service', service.name]]),
    ...chosen,
    ...by.map((label) => [label, 'some']),
  ]) as Record<string, string>
}

/** `5..` → `500`, `/search.*` → `/search`. */
const concrete = (pattern: string): string => pattern.replace(/\.\*$/, '').replaceAll('.', '0')

const series = (name: string, labels: Record<string, string>, values: string): Series => ({
  series: `${name}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`,
  values,
})

/** Series in which the number of a condition is twice its limit, or half of it. */
function seriesOf(service: Service, when: Condition, isOver: boolean): readonly Series[] {
  const { measure, metric, above } = when
  const labels = labelsOf(service, when)
  const value = isOver ? above * 2 || 1 : above / 2
  const rising = (perMinute: number): string => `0+${perMinute}x${minutes}`
  switch (measure) {
    case 'rate':
      return [series(metric.name, labels, rising(value * 60))]
    case 'share': {
      const [label = ''] = Object.keys(when.where ?? {})
      const others = { ...labels, [label]: when.of?.[label]?.at(-1) ?? 'other' }
      return [
        series(metric.name, labels, rising(6000 * value)),
        series(metric.name, others, rising(6000 * (1 - value))),
      ]
    }
    case 'sum':
    case 'max':
      return [series(metric.name, labels, `${value}x${minutes}`)]
    case 'age':
      return [series(metric.name, labels, isOver ? `0x${minutes}` : rising(60))]
    case 'p50':
    case 'p95':
    case 'p99':
      return [
        { ...labels, le: String(above) },
        { ...labels, le: String(above * 2) },
        { ...labels, le: '+Inf' },
      ].map((one, index) =>
        series(`${metric.name}_bucket`, one, rising(isOver && index === 0 ? 0 : 600)),
      )
  }
}

/** The rule of an alert as it fires: with the values of the labels that it names. */
function fired(service: Service, alert: Alert): Expectation['firing'] {
  const values = labelsOf(service, alert.when)
  const by = Object.fromEntries((alert.when.by ?? []).map((label) => [label, values[label] ?? '']))
  const said = (text: string): string =>
    text.replace(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => by[label] ?? '')
  return rulesNamed(service, alert).map(({ labels, annotations }) => ({
    labels: { ...labels, ...by },
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, text]) => [key, said(text)]),
    ),
  }))
}

const rulesNamed = (service: Service, { name, labels = {} }: Alert): readonly Rule[] =>
  (files.find((file) => file.name === service.name)?.rules ?? []).filter(
    (rule) =>
      rule.alert === name &&
      Object.entries(labels).every(([label, value]) => rule.labels[label] === value),
  )

const overLimit = (service: Service, alert: Alert): Story => ({
  name: `${service.name}: ${alert.name} ${JSON.stringify(alert.labels ?? {})} is over its limit`,
  interval: '1m',
  input: seriesOf(service, alert.when, true),
  expect: [{ at, alert: alert.name, firing: fired(service, alert) }],
})

const underLimit = (service: Service, alert: Alert): Story => ({
  name: `${service.name}: ${alert.name} is under its limit`,
  interval: '1m',
  input: seriesOf(service, alert.when, false),
  expect: [{ at, alert: alert.name, firing: [] }],
})

/** Nothing was ever counted: what a service that has just started says. */
const silent = (service: Service): Story => ({
  name: `${service.name} says nothing`,
  interval: '1m',
  input: [series('up', { job: 'services', service: service.name }, `1x${minutes}`)],
  expect: alertsOf(service).map(({ name }) => ({ at, alert: name, firing: [] })),
})

test('every limit is told about above it, and not below it', async (t) => {
  t.timeout(300_000)
  for (const service of topology.services) {
    const alerts = alertsOf(service)
    await testRules(
      files.filter((file) => file.name === service.name),
      [
        ...alerts.map((alert) => overLimit(service, alert)),
        ...alerts.map((alert) => underLimit(service, alert)),
        silent(service),
      ],
    )
  }
  t.pass()
})

test('no two alerts of one service have the same name and labels', (t) => {
  for (const { name, rules } of files) {
    const all = rules.map((rule) => JSON.stringify([rule.alert, rule.labels]))
    t.is(new Set(all).size, all.length, name)
  }
})
