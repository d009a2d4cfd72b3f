/** How an operator says in an object's status that it is well, and that it is not. */
export interface Health {
  /** `<group>/<version>` and kind. */
  readonly apiVersion: string
  readonly kind: string
  /** jq: whether the status says so already, for the object's present generation. */
  readonly well: string
  readonly ill: string
  /** The status that says so, as a Go template of YAML. */
  status(well: boolean): string
}

const now = '{{ Now | Quote }}'
const generation = '{{ .metadata.generation }}'
const seen = `observedGeneration: ${generation}\n`
const fresh = '.status.observedGeneration == .metadata.generation'
const fault = 'simulated fault'

const saying = (type: string, status: boolean, more = ''): string =>
  `- {type: ${type}, status: "${status ? 'True' : 'False'}", reason: Simulated, message: "${status ? '' : fault}", lastTransitionTime: ${now}${more}}\n`

const says = (type: string, status: 'True' | 'False'): string =>
  `any(.status.conditions[]?; .type == "${type}" and .status == "${status}")`

/** A condition, and what else the operator writes. @param dated false where the status knows no generation */
const byCondition = (
  apiVersion: string,
  kind: string,
  { dated = true, more = () => '' }: { dated?: boolean; more?: (well: boolean) => string } = {},
): Health => ({
  apiVersion,
  kind,
  well: `${dated ? `${fresh} and ` : ''}${says('Ready', 'True')}`,
  ill: `${dated ? `${fresh} and ` : ''}${says('Ready', 'False')}`,
  status: (well) => `${dated ? seen : ''}${more(well)}conditions:\n${saying('Ready', well)}`,
})

/** Strimzi has a condition of its own for what is wrong. */
const byStrimzi = (kind: string): Health => ({
  apiVersion: 'kafka.strimzi.io/v1',
  kind,
  well: `${fresh} and ${says('Ready', 'True')}`,
  ill: `${fresh} and ${says('NotReady', 'True')}`,
  status: (well) =>
    `${seen}conditions:\n${saying(well ? 'Ready' : 'NotReady', true).replace('message: ""', `message: "${well ? '' : fault}"`)}`,
})

/** One field of the status. */
const byField = (
  apiVersion: string,
  kind: string,
  field: string,
  values: { well: string; ill: string },
): Health => ({
  apiVersion,
  kind,
  well: `.status.${field} == ${values.well}`,
  ill: `.status.${field} == ${values.ill}`,
  status: (well) => `${field}: ${well ? values.well : values.ill}\n`,
})

const byApplied = (kind: string): Health => ({
  apiVersion: 'postgresql.cnpg.io/v1',
  kind,
  well: `${fresh} and .status.applied == true`,
  ill: `${fresh} and .status.applied == false`,
  status: (well) => `${seen}applied: ${well}\nmessage: "${well ? '' : fault}"\n`,
})

const clusterState = (well: boolean): string =>
  [
    `phase: "${well ? 'Cluster in healthy state' : 'Failing over'}"`,
    `phaseReason: "${well ? '' : fault}"`,
    'instances: {{ .spec.instances }}',
    `readyInstances: ${well ? '{{ .spec.instances }}' : '0'}`,
    '',
  ].join('\n')

/** Conditions that say themselves for which generation they were written. */
const dated = (conditions: string, status: 'True' | 'False'): string =>
  `.metadata.generation as $g | [${conditions}] | length > 0 and all(.[]; .status == "${status}" and .observedGeneration == $g)`

const forGeneration = `, observedGeneration: {{ $generation }}`

const gateway: Health = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  well: dated('.status.conditions[]?', 'True'),
  ill: dated('.status.conditions[]?', 'False'),
  status: (well) =>
    [
      '{{ $generation := .metadata.generation }}',
      'addresses: [{type: IPAddress, value: 192.0.2.1}]',
      `conditions:\n${saying('Accepted', well, forGeneration)}${saying('Programmed', well, forGeneration)}`,
    ].join('\n'),
}

const route: Health = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  well: dated('.status.parents[]?.conditions[]?', 'True'),
  ill: dated('.status.parents[]?.conditions[]?', 'False'),
  status: (well) =>
    [
      '{{ $generation := .metadata.generation }}',
      'parents:',
      '{{ range .spec.parentRefs }}',
      '- parentRef: {name: {{ .name | Quote }}}',
      '  controllerName: maru.dev/simulated',
      '  conditions:',
      `  ${saying('Accepted', well, forGeneration)}  ${saying('ResolvedRefs', well, forGeneration)}{{ end }}`,
      '',
    ].join('\n'),
}

/** As many as it was asked for, or none. */
const pooler: Health = {
  apiVersion: 'postgresql.cnpg.io/v1',
  kind: 'Pooler',
  well: '.status.instances == .spec.instances',
  ill: '.status.instances == 0',
  status: (well) => `instances: ${well ? '{{ .spec.instances }}' : '0'}\n`,
}

const opensearch = 'opensearch.org/v1'
const mariadb = 'k8s.mariadb.com/v1alpha1'

/** Every custom kind on whose status somebody waits, and what its operator would write. */
export const healths: readonly Health[] = [
  ...['Kafka', 'KafkaNodePool', 'KafkaTopic', 'KafkaUser'].map(byStrimzi),
  byCondition('postgresql.cnpg.io/v1', 'Cluster', { dated: false, more: clusterState }),
  ...['Database', 'DatabaseRole'].map(byApplied),
  pooler,
  ...['MariaDB', 'Database', 'User', 'Grant'].map((kind) => byCondition(mariadb, kind)),
  byField(opensearch, 'OpenSearchCluster', 'phase', { well: '"RUNNING"', ill: '"FAILED"' }),
  ...['OpensearchUser', 'OpensearchRole', 'OpensearchUserRoleBinding'].map((kind) =>
    byField(opensearch, kind, 'state', { well: '"CREATED"', ill: '"ERROR"' }),
  ),
  byCondition('external-secrets.io/v1', 'ExternalSecret', { dated: false }),
  byCondition('keda.sh/v1alpha1', 'ScaledObject', { dated: false }),
  gateway,
  route,
]
