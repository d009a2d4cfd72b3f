import { stringify } from 'yaml'
import { healths, type Health } from './health.ts'

/** Annotation that makes a simulated object ill: `crash` on pods, `degraded` on custom kinds. Without it they heal. */
export const faultAnnotation = 'maru.dev/fault'

/** A stage of kwok (https://kwok.sigs.k8s.io/docs/user/stages-configuration/): which objects, and what becomes of them. */
interface Stage {
  readonly name: string
  readonly of: { readonly apiGroup: string; readonly kind: string }
  readonly when: readonly Requirement[]
  readonly next: object
}

interface Requirement {
  /** jq over the object. */
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

/** The configuration of kwok: what kubelets, volumes' provisioners, load balancers and operators would do. */
export const stagesYaml = (): string =>
  [...nodes, ...pods, ...others, ...healths.flatMap(healthStages)]
    .map(({ name, of, when, next }) =>
      stringify(
        {
          apiVersion: 'kwok.x-k8s.io/v1alpha1',
          kind: 'Stage',
          metadata: { name },
          spec: { resourceRef: of, selector: { matchExpressions: when }, next },
        },
        { lineWidth: 0 },
      ),
    )
    .join('---\n')

const is = (key: string, ...values: string[]): Requirement => ({ key, operator: 'In', values })
const isNot = (key: string, ...values: string[]): Requirement => ({
  key,
  operator: 'NotIn',
  values,
})
const living: Requirement = { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' }
const leaving: Requirement = { key: '.metadata.deletionTimestamp', operator: 'Exists' }
const faulty = `.metadata.annotations["${faultAnnotation}"]`

const ready = '.status.conditions.[] | select( .type == "Ready" ) | .status'

/** A jq expression as a word, so that kwok can compare it. */
const holds = (expression: string): string => `(${expression}) | tostring`

function healthStages({ apiVersion, kind, well, ill, status }: Health): readonly Stage[] {
  const of = { apiGroup: apiVersion, kind }
  const name = `${kind}-${apiVersion.split('/')[0]}`.toLowerCase()
  const fault = `(${faulty} // "none")`
  return [
    {
      name: `${name}-well`,
      of,
      when: [living, isNot(fault, 'degraded'), isNot(holds(well), 'true')],
      next: { statusTemplate: status(true) },
    },
    {
      name: `${name}-ill`,
      of,
      when: [living, is(fault, 'degraded'), isNot(holds(ill), 'true')],
      next: { statusTemplate: status(false) },
    },
  ]
}

const nodes: readonly Stage[] = [
  {
    name: 'node-ready',
    of: { apiGroup: 'v1', kind: 'Node' },
    when: [isNot(ready, 'True')],
    next: {
      statusTemplate: [
        '{{ $now := Now }}',
        'phase: Running',
        'conditions:',
        '{{ range NodeConditions }}',
        '- {type: {{ .type | Quote }}, status: {{ .status | Quote }}, reason: {{ .reason | Quote }}, message: {{ .message | Quote }}, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ $now | Quote }}}',
        '{{ end }}',
        '',
      ].join('\n'),
    },
  },
]

const pod = { apiGroup: 'v1', kind: 'Pod' }
const scheduled: Requirement = { key: '.spec.nodeName', operator: 'Exists' }
const condition = (type: string, status: boolean): string =>
  `- {type: ${type}, status: "${status ? 'True' : 'False'}", lastTransitionTime: {{ $now | Quote }}}`

/** State of every container. @param list `containers` or `initContainers` */
const containers = (list: string, field: string, state: string, isReady: boolean): string =>
  [
    `{{ if .spec.${list} }}`,
    `${field}:`,
    `{{ range .spec.${list} }}`,
    `- {name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: ${isReady}, started: ${isReady}, restartCount: 0, state: ${state}}`,
    '{{ end }}{{ end }}',
  ].join('\n')

const running = '{running: {startedAt: {{ $now | Quote }}}}'
const completed =
  '{terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}'
const crashing = '{waiting: {reason: CrashLoopBackOff, message: "simulated fault"}}'

const place = [
  'startTime: {{ $now | Quote }}',
  'hostIP: {{ NodeIPWith .spec.nodeName | Quote }}',
  'podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}',
].join('\n')

const podStatus = (phase: string, ...lines: readonly string[]): object => ({
  statusTemplate: ['{{ $now := Now }}', `phase: ${phase}`, ...lines, ''].join('\n'),
})

const pods: readonly Stage[] = [
  {
    name: 'pod-ready',
    of: pod,
    when: [
      living,
      scheduled,
      isNot(`(${faulty} // "none")`, 'crash'),
      is('.status.phase', 'Pending'),
    ],
    next: podStatus(
      'Running',
      place,
      'conditions:',
      ...['Initialized', 'Ready', 'ContainersReady'].map((type) => condition(type, true)),
      containers('initContainers', 'initContainerStatuses', completed, true),
      containers('containers', 'containerStatuses', running, true),
    ),
  },
  {
    name: 'pod-crash',
    of: pod,
    when: [living, scheduled, is(`(${faulty} // "none")`, 'crash'), is('.status.phase', 'Pending')],
    next: podStatus(
      'Running',
      place,
      'conditions:',
      condition('Initialized', true),
      ...['Ready', 'ContainersReady'].map((type) => condition(type, false)),
      containers('containers', 'containerStatuses', crashing, false),
    ),
  },
  {
    name: 'pod-complete',
    of: pod,
    when: [living, is('.status.phase', 'Running'), is('.metadata.ownerReferences.[].kind', 'Job')],
    next: podStatus('Succeeded', containers('containers', 'containerStatuses', completed, false)),
  },
  { name: 'pod-delete', of: pod, when: [leaving], next: { delete: true } },
]

const others: readonly Stage[] = [
  {
    name: 'service-address',
    of: { apiGroup: 'v1', kind: 'Service' },
    when: [
      living,
      is('.spec.type', 'LoadBalancer'),
      { key: '.status.loadBalancer.ingress.[].ip', operator: 'DoesNotExist' },
    ],
    next: { statusTemplate: 'loadBalancer: {ingress: [{ip: 192.0.2.1}]}\n' },
  },
  {
    name: 'volume-free-again',
    of: { apiGroup: 'v1', kind: 'PersistentVolume' },
    when: [living, is('.status.phase', 'Released')],
    next: { patches: [{ type: 'merge', root: 'spec', template: 'claimRef: null\n' }] },
  },
]
