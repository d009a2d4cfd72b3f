import { readFileSync } from 'node:fs'
import test from 'ava'
import { round } from '../dashboards/queries.ts'
import type { Service } from '../services/model/service.ts'
import { topology } from '../services/topology.ts'
import { testRules, type Expectation, type Series, type Story } from './promtool.ts'
import type { Rule } from './rule.ts'
import { ruleFilesOf } from './rules.ts'

const files = ruleFilesOf(topology)
const rulesOf = (service: Service): readonly Rule[] =>
  files.find((file) => file.name === service.name)?.rules ?? []

/** Shares do not depend on how much of a long window is filled, so four hours stand for three days. */
const minutes = 260
const requests = (service: Service, labels: string, perMinute: number): Series => ({
  series: `http_server_requests_seconds_${labels.includes('le=') ? 'bucket' : 'count'}{service="${service.name}",${labels}}`,
  values: `0+${perMinute}x${minutes}`,
})

const firing = (rules: readonly Rule[], alert: string): Expectation => ({
  at: '4h',
  alert,
  firing: rules
    .filter((rule) => rule.alert === alert)
    .map(({ labels, annotations }) => ({ labels, annotations })),
})
const silent = (alert: string): Expectation => ({ at: '4h', alert, firing: [] })

const le = (service: Service): string => `le="${service.slo.latency.p95Ms / 1000}"`

const broken = (service: Service): Story => ({
  name: `${service.name} answers nothing but errors, slowly`,
  interval: '1m',
  input: [
    requests(service, 'status="500"', 60),
    requests(service, le(service), 0),
    { series: `up{job="services",service="${service.name}"}`, values: `0x${minutes}` },
  ],
  expect: ['AvailabilityBudgetBurn', 'LatencyBudgetBurn', 'ServiceDown'].map((alert) =>
    firing(rulesOf(service), alert),
  ),
})

const healthy = (service: Service): Story => ({
  name: `${service.name} answers well`,
  interval: '1m',
  input: [
    requests(service, 'status="200"', 60),
    requests(service, le(service), 60),
    { series: `up{job="services",service="${service.name}"}`, values: `1x${minutes}` },
  ],
  expect: ['AvailabilityBudgetBurn', 'LatencyBudgetBurn', 'ServiceDown'].map(silent),
})

/** Half of what the budget allows is no alert, however long it lasts. */
const withinBudget = (service: Service): Story => {
  const failing = round((100 - service.slo.availability) / 200)
  return {
    name: `${service.name} fails within its budget`,
    interval: '1m',
    input: [
      requests(service, 'status="200"', round(6000 * (1 - failing))),
      requests(service, 'status="500"', round(6000 * failing)),
      requests(service, le(service), 6000),
    ],
    expect: [silent('AvailabilityBudgetBurn'), silent('LatencyBudgetBurn')],
  }
}

/** An hour of silence is not an outage: 0 of 0 requests burns nothing. */
const idle = (service: Service): Story => ({
  name: `${service.name} is not asked`,
  interval: '1m',
  input: [{ series: `up{job="services",service="${service.name}"}`, values: `1x${minutes}` }],
  expect: ['AvailabilityBudgetBurn', 'LatencyBudgetBurn', 'ServiceDown'].map(silent),
})

test('every rule fires when its service is broken and stays silent when it is healthy or idle', async (t) => {
  t.timeout(300_000)
  // promtool evaluates every rule over every story: one service at a time keeps that linear.
  for (const service of topology.services) {
    const file = files.filter((one) => one.name === service.name)
    await testRules(file, [broken(service), healthy(service), withinBudget(service), idle(service)])
  }
  t.pass()
})

test('a bad start of ten minutes is no matter of days', async (t) => {
  const [service] = topology.services
  if (!service) throw new Error('There is no service.')
  const start: Story = {
    name: 'slow and failing for ten minutes after the installation',
    interval: '1m',
    input: [requests(service, 'status="500"', 60), requests(service, le(service), 0)],
    expect: [
      {
        at: '10m',
        alert: 'AvailabilityBudgetBurn',
        firing: fastOnly(service, 'AvailabilityBudgetBurn'),
      },
      { at: '10m', alert: 'LatencyBudgetBurn', firing: fastOnly(service, 'LatencyBudgetBurn') },
    ],
  }
  await testRules(
    files.filter((one) => one.name === service.name),
    [start],
  )
  t.pass()
})

/** The rules of one hour: two minutes are enough for them. */
const fastOnly = (service: Service, alert: string): Expectation['firing'] =>
  firing(
    rulesOf(service).filter(({ labels }) => labels['window'] === '1h'),
    alert,
  ).firing

test('every alert has a heading in the runbook', (t) => {
  const runbook = readFileSync(new URL('../docs/runbook.md', import.meta.url), 'utf8')
  const headings = new Set([...runbook.matchAll(/^## (\w+)$/gm)].map((match) => match[1]))
  const alerts = new Set(files.flatMap((file) => file.rules.map((rule) => rule.alert)))
  t.deepEqual(
    [...alerts].filter((alert) => !headings.has(alert)),
    [],
  )
  t.deepEqual(
    [...headings].filter((heading) => heading && !alerts.has(heading)),
    [],
  )
})

test('every alert says severity, service, summary, description and where to look', (t) => {
  for (const rule of files.flatMap((file) => file.rules)) {
    t.regex(rule.labels['severity'] ?? '', /^(critical|warning|info)$/)
    t.truthy(rule.labels['service'])
    for (const key of ['summary', 'description', 'runbook_url', 'dashboard_url'])
      t.truthy(rule.annotations[key], `${rule.alert} ${key}`)
  }
})
