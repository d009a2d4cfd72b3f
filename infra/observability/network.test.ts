import test from 'ava'
import type { Settings } from '../settings.ts'
import { observabilityObjects } from './observability.ts'
import { selects, settingsOf, type Labels } from './testing.ts'

interface Peer {
  readonly namespaceSelector?: { readonly matchLabels?: Labels }
  readonly podSelector?: { readonly matchLabels?: Labels }
}
interface Rule {
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
  readonly ports?: readonly { readonly port: number; readonly protocol: string }[]
}
interface Policy {
  readonly podSelector: { readonly matchLabels?: Labels }
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}
interface Pod {
  readonly namespace: string
  readonly labels: Labels
}

const settings = settingsOf('dev', { operators: 'install' })
const observability = 'maru-dev-observability'
const pod = (name: string, namespace: string = observability): Pod => ({
  namespace,
  labels: { 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': 'dev' },
})

const policiesOf = (of: Settings): readonly Policy[] =>
  observabilityObjects(of)
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map(({ spec }) => spec as Policy)

/** What a network plugin decides, seen from one end: `one` lets `other` through on that port. */
function lets(side: 'from' | 'to', one: Pod, other: Pod, port: number): boolean {
  if (one.namespace !== observability) return true
  const rules = policiesOf(settings)
    .filter(({ podSelector }) => selects(podSelector.matchLabels ?? {}, one.labels))
    .flatMap(({ ingress, egress }) => (side === 'from' ? ingress : egress) ?? [])
  return rules.some(
    (rule) =>
      (rule.ports?.some((open) => open.port === port) ?? true) &&
      (rule[side]?.some((peer) => isOne(peer, other)) ?? true),
  )
}

const isOne = ({ namespaceSelector, podSelector }: Peer, { namespace, labels }: Pod): boolean =>
  (namespaceSelector
    ? selects(namespaceSelector.matchLabels ?? {}, { 'kubernetes.io/metadata.name': namespace })
    : namespace === observability) && selects(podSelector?.matchLabels ?? {}, labels)

const reaches = (asking: Pod, asked: Pod, port: number): boolean =>
  lets('to', asking, asked, port) && lets('from', asked, asking, port)

test('what speaks to each other may', (t) => {
  const ways: readonly (readonly [string, string, number])[] = [
    ['collector', 'tempo', 4317],
    ['tempo', 'prometheus', 9090],
    ['alloy', 'loki', 3100],
    ['grafana', 'tempo', 3200],
    ['grafana', 'loki', 3100],
    ['grafana', 'prometheus', 9090],
    ['grafana', 'alertmanager', 9093],
    ['prometheus', 'alertmanager', 9093],
    ['prometheus', 'collector', 8888],
    ['prometheus', 'tempo', 3200],
    ['prometheus', 'loki', 3100],
    ['prometheus', 'alloy', 12_345],
    ['prometheus', 'grafana', 3000],
  ]
  for (const [asking, asked, port] of ways)
    t.true(reaches(pod(asking), pod(asked), port), `${asking} → ${asked}:${port}`)
  t.true(reaches(pod('catalog', 'maru-dev'), pod('collector'), 4318))
  t.true(reaches(pod('prometheus'), pod('catalog', 'maru-dev'), 9103))
})

test('every address of ours in a configuration can be reached by whose it is', (t) => {
  const objects = observabilityObjects(settings)
  const aliases: Labels = {
    'prometheus-operated': 'prometheus',
    'alertmanager-operated': 'alertmanager',
    'grafana-sources': 'grafana',
  }
  let found = 0
  for (const { kind, metadata, data } of objects) {
    if (kind !== 'ConfigMap') continue
    const text = Object.values(data as Labels).join('\n')
    for (const [, host = '', port] of text.matchAll(/([a-z-]+)\.maru-dev-observability:(\d+)/g)) {
      const asking = aliases[metadata.name] ?? metadata.name
      const asked = aliases[host] ?? host
      t.true(reaches(pod(asking), pod(asked), Number(port)), `${asking} → ${asked}:${port}`)
      found++
    }
  }
  t.is(found, 7)
})

test('nothing else may', (t) => {
  t.false(reaches(pod('loki'), pod('tempo'), 3200))
  t.false(reaches(pod('collector'), pod('prometheus'), 9090))
  t.false(reaches(pod('grafana'), pod('collector'), 4317))
  t.false(reaches(pod('catalog', 'maru-dev'), pod('tempo'), 4317))
  t.false(reaches(pod('catalog', 'maru-dev'), pod('prometheus'), 9090))
  t.false(reaches(pod('catalog', 'maru-prod'), pod('collector'), 4318))
  t.false(reaches(pod('anything'), pod('loki'), 3100))
})

test('everybody may ask for names, and only whoever must for the API server', (t) => {
  const dns: Pod = { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } }
  for (const name of ['collector', 'tempo', 'loki', 'alloy', 'grafana', 'prometheus'])
    t.true(lets('to', pod(name), dns, 53), name)
  const server: Pod = { namespace: 'kube-system', labels: {} }
  for (const name of ['collector', 'alloy', 'prometheus'])
    t.true(lets('to', pod(name), server, 6443), name)
  for (const name of ['tempo', 'loki']) t.false(lets('to', pod(name), server, 6443), name)
})
