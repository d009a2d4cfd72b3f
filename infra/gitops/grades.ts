import type { KubernetesObject } from '../kubernetes/object.ts'
import type { FieldChange } from './diff.ts'
import { less, loosened } from './losses.ts'

/** What a change may do, the gravest first. */
export const grades = [
  'data loss',
  'exposure',
  'gone',
  'restart',
  'scale',
  'config',
  'new',
  'harmless',
] as const

export type Grade = (typeof grades)[number]

interface Rule {
  readonly grade: Grade
  readonly why: string
  /** Kinds that it is about; all when absent. */
  readonly kinds?: readonly string[]
  /** Fields that it is about; an object that comes or goes has the empty one. */
  readonly field: RegExp
  readonly when?: (change: FieldChange, object: KubernetesObject) => boolean
}

const holdsData = [
  'KafkaTopic',
  'Kafka',
  'KafkaNodePool',
  'Database',
  'DatabaseRole',
  'User',
  'Cluster',
  'MariaDB',
  'OpenSearchCluster',
  'PersistentVolumeClaim',
  'StatefulSet',
  'Namespace',
  // What Argo CD made of it goes with it, and what that had made.
  'ApplicationSet',
  'Application',
]
const opens = [
  'NetworkPolicy',
  'HTTPRoute',
  'Gateway',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'KafkaUser',
  'Grant',
  'OpensearchRole',
  'OpensearchUserRoleBinding',
]
const runsPods = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob']
const scalers = ['HorizontalPodAutoscaler', 'ScaledObject', 'PodDisruptionBudget']

const whole = /^$/
const comes = ({ before }: FieldChange): boolean => before === undefined
const goes = ({ after }: FieldChange): boolean => after === undefined
const becomes =
  (word: string) =>
  ({ after }: FieldChange): boolean =>
    after === word

/** The first that fits gives the grade; the order is that of the grades, but for exceptions before their rule. */
const rules: readonly Rule[] = [
  {
    grade: 'gone',
    why: 'its data stays: the object says so',
    kinds: holdsData,
    field: whole,
    when: (change, object) => goes(change) && isKept(object),
  },
  {
    grade: 'data loss',
    why: 'what it holds goes with it',
    kinds: holdsData,
    field: whole,
    when: goes,
  },
  {
    grade: 'data loss',
    why: 'it is another one from now on; the old one’s data stays behind',
    kinds: ['KafkaTopic', 'Database', 'User', 'DatabaseRole'],
    field: /^spec\.(topicName|name|(cluster|mariaDbRef)\.name)$/,
  },
  { grade: 'data loss', why: 'it is dropped', field: /\bensure$/, when: becomes('absent') },
  {
    grade: 'data loss',
    why: 'fewer than before: what is there does not fit',
    field: /partitions$|\.storage(\.size)?$|volumes\[.*\]\.size$|diskSize$/,
    when: less,
  },
  {
    grade: 'data loss',
    why: 'what lies on the volume is not taken along',
    field: /^spec\.(storage\.volumes|volumeClaimTemplates)\[\]$/,
    when: goes,
  },
  {
    grade: 'data loss',
    why: 'it goes with its pod',
    field: /^spec\.storage\b.*\.type$/,
    when: becomes('ephemeral'),
  },
  {
    grade: 'data loss',
    why: 'fewer copies: what a lost broker held may be the only one',
    kinds: ['KafkaTopic'],
    field: /^spec\.(replicas|config\["min\.insync\.replicas"\])$/,
    when: less,
  },
  {
    grade: 'data loss',
    why: 'records are deleted earlier',
    field: /retention(\.ms|\.bytes)?("\])?$/,
    when: less,
  },
  {
    grade: 'data loss',
    why: 'other records are deleted than before',
    kinds: ['KafkaTopic'],
    field: /cleanup\.policy/,
  },
  {
    grade: 'data loss',
    why: 'what is removed from Git takes its data along from now on',
    field: /(reclaim|cleanup)policy$|whenDeleted$|whenScaled$|deleteClaim$|sync-options"\]$/i,
    when: loosened,
  },
  {
    grade: 'exposure',
    why: 'what it forbade is open now, if nothing else forbids it',
    kinds: ['NetworkPolicy'],
    field: whole,
    when: goes,
  },
  {
    grade: 'exposure',
    why: 'who may reach or do what changes',
    kinds: opens,
    field: /^(spec|rules|subjects|roleRef)|^$/,
    when: (change) => change.field !== '' || comes(change),
  },
  {
    grade: 'exposure',
    why: 'it is reached from outside',
    kinds: ['Service'],
    field: whole,
    when: (change, object) => comes(change) && isOutside(object),
  },
  {
    grade: 'exposure',
    why: 'who reaches it from outside changes',
    kinds: ['Service'],
    field: /^spec\.(type|externalIPs|externalName|loadBalancer\w*|ports\[.*\]\.nodePort)/,
  },
  {
    grade: 'exposure',
    why: 'what its pods may do on a node, or as whom, changes',
    kinds: [...runsPods, 'ServiceAccount'],
    field: /securityContext|host(Network|PID|IPC|Path|Users)|serviceAccount|automount/i,
  },
  {
    grade: 'exposure',
    why: 'what pods may do here changes',
    kinds: ['Namespace'],
    field: /pod-security\.kubernetes\.io/,
  },
  { grade: 'gone', why: 'it is removed', field: whole, when: goes },
  { grade: 'new', why: 'it is made', field: whole, when: comes },
  {
    grade: 'restart',
    why: 'pods are replaced',
    kinds: runsPods,
    field: /^spec\.(template|jobTemplate)\b/,
  },
  { grade: 'restart', why: 'the operator replaces its pods', kinds: ['Pooler'], field: /^spec\./ },
  { grade: 'scale', why: 'more or fewer run', field: /^spec\.(replicas|instances)$/ },
  { grade: 'scale', why: 'when more or fewer run', kinds: scalers, field: /^spec\./ },
  {
    grade: 'scale',
    why: 'keys move to other partitions',
    kinds: ['KafkaTopic'],
    field: /^spec\.partitions$/,
  },
  {
    grade: 'config',
    why: 'operators and Argo CD act on it',
    field: /^metadata\.(labels|annotations)\["(strimzi\.io|argocd\.argoproj\.io|cnpg\.io)/,
  },
  { grade: 'harmless', why: 'for people and searches', field: /^metadata\.(labels|annotations)/ },
  { grade: 'config', why: 'it is changed in place', field: /./ },
]

/** Grade of one change. @param object as it was, or as it is made */
export function gradeOf(
  object: KubernetesObject | undefined,
  change: FieldChange,
): Pick<Rule, 'grade' | 'why'> {
  const found = object && rules.find((rule) => fits(rule, object, change))
  if (!found) throw new Error(`No rule of grades.ts fits a change of "${change.field}".`)
  return { grade: found.grade, why: found.why }
}

const fits = (
  { kinds, field, when }: Rule,
  object: KubernetesObject,
  change: FieldChange,
): boolean =>
  (kinds?.includes(object.kind) ?? true) &&
  field.test(change.field) &&
  (when?.(change, object) ?? true)

const isOutside = ({ spec }: KubernetesObject): boolean =>
  ['LoadBalancer', 'NodePort'].includes(
    (spec as { readonly type?: string } | undefined)?.type ?? '',
  )

/** Argo CD is told to keep it, or its operator is told to keep what it stands for. */
function isKept({ metadata, ...object }: KubernetesObject): boolean {
  const options = metadata.annotations?.['argocd.argoproj.io/sync-options'] ?? ''
  const spec = (object['spec'] ?? {}) as Readonly<Record<string, unknown>>
  const policies = ['databaseReclaimPolicy', 'databaseRoleReclaimPolicy', 'cleanupPolicy']
  return (
    options.includes('Prune=false') ||
    policies.some((key) => ['retain', 'Skip'].includes(String(spec[key])))
  )
}
