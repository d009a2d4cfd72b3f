import type { z } from 'zod'
import { objectStore } from './narrow/barman.ts'
import { database, grant, mariadb, user } from './narrow/mariadb.ts'
import * as opensearch from './narrow/opensearch.ts'
import * as strimzi from './narrow/strimzi.ts'

/** A custom kind that Maru uses. */
export interface Kind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly scope: 'Namespaced' | 'Cluster'
  /**
   * Where its definition comes from: a file of a released Go module (the real definition, enforced), or a closed schema of
   * the fields that Maru uses, where no registry has the real one.
   */
  readonly definition:
    | { readonly module: string; readonly file: string }
    | { readonly spec: z.ZodType; readonly documented: string }
}

const argo = 'github.com/argoproj/argo-cd/v3@v3.2.11'
const gatewayApi = 'sigs.k8s.io/gateway-api@v1.6.1'
const prometheus = 'github.com/prometheus-operator/prometheus-operator@v0.93.1'
const keda = 'github.com/kedacore/keda/v2@v2.20.2'
// The newest release that the module proxies have; the served version external-secrets.io/v1 is the same in 2.x.
const externalSecrets = 'github.com/external-secrets/external-secrets@v1.3.2'
const cnpg = 'github.com/cloudnative-pg/cloudnative-pg@v1.30.0'

type Row = readonly [kind: string, plural: string, file: string]

/** Kinds of one group whose definitions lie in a Go module. */
const real = (
  module: string,
  groupVersion: string,
  rows: readonly Row[],
  scope: Kind['scope'] = 'Namespaced',
): readonly Kind[] => {
  const [group = '', version = ''] = groupVersion.split('/')
  return rows.map(([kind, plural, file]) => ({
    ...{ group, version, kind, plural, scope },
    definition: { module, file },
  }))
}

type NarrowRow = readonly [kind: string, plural: string, spec: z.ZodType]

/** Kinds of one group that are known by their documentation only. */
const narrow = (
  documented: string,
  groupVersion: string,
  rows: readonly NarrowRow[],
): readonly Kind[] => {
  const [group = '', version = ''] = groupVersion.split('/')
  return rows.map(([kind, plural, spec]) => ({
    ...{ group, version, kind, plural, scope: 'Namespaced' as const },
    definition: { spec, documented },
  }))
}

const gatewayFile = (plural: string) =>
  `config/crd/standard/gateway.networking.k8s.io_${plural}.yaml`
const prometheusFile = (plural: string) =>
  `example/prometheus-operator-crd/monitoring.coreos.com_${plural}.yaml`
const cnpgFile = (plural: string) => `config/crd/bases/postgresql.cnpg.io_${plural}.yaml`

/** Every custom kind that Maru writes, with the source of its definition. */
export const kinds: readonly Kind[] = [
  ...real(argo, 'argoproj.io/v1alpha1', [
    ['Application', 'applications', 'manifests/crds/application-crd.yaml'],
    ['ApplicationSet', 'applicationsets', 'manifests/crds/applicationset-crd.yaml'],
    ['AppProject', 'appprojects', 'manifests/crds/appproject-crd.yaml'],
  ]),
  ...real(
    gatewayApi,
    'gateway.networking.k8s.io/v1',
    [['GatewayClass', 'gatewayclasses', gatewayFile('gatewayclasses')]],
    'Cluster',
  ),
  ...real(gatewayApi, 'gateway.networking.k8s.io/v1', [
    ['Gateway', 'gateways', gatewayFile('gateways')],
    ['HTTPRoute', 'httproutes', gatewayFile('httproutes')],
  ]),
  ...real(prometheus, 'monitoring.coreos.com/v1', [
    ['ServiceMonitor', 'servicemonitors', prometheusFile('servicemonitors')],
    ['PodMonitor', 'podmonitors', prometheusFile('podmonitors')],
    ['PrometheusRule', 'prometheusrules', prometheusFile('prometheusrules')],
  ]),
  ...real(keda, 'keda.sh/v1alpha1', [
    ['ScaledObject', 'scaledobjects', 'config/crd/bases/keda.sh_scaledobjects.yaml'],
    [
      'TriggerAuthentication',
      'triggerauthentications',
      'config/crd/bases/keda.sh_triggerauthentications.yaml',
    ],
  ]),
  ...real(externalSecrets, 'external-secrets.io/v1', [
    [
      'ExternalSecret',
      'externalsecrets',
      'config/crds/bases/external-secrets.io_externalsecrets.yaml',
    ],
  ]),
  ...real(cnpg, 'postgresql.cnpg.io/v1', [
    ['Cluster', 'clusters', cnpgFile('clusters')],
    ['Database', 'databases', cnpgFile('databases')],
    ['DatabaseRole', 'databaseroles', cnpgFile('databaseroles')],
    ['Pooler', 'poolers', cnpgFile('poolers')],
    ['ScheduledBackup', 'scheduledbackups', cnpgFile('scheduledbackups')],
  ]),
  ...narrow('https://strimzi.io/docs/operators/latest/configuring', 'kafka.strimzi.io/v1', [
    ['Kafka', 'kafkas', strimzi.kafka],
    ['KafkaNodePool', 'kafkanodepools', strimzi.kafkaNodePool],
    ['KafkaTopic', 'kafkatopics', strimzi.kafkaTopic],
    ['KafkaUser', 'kafkausers', strimzi.kafkaUser],
  ]),
  ...narrow(
    'https://github.com/mariadb-operator/mariadb-operator/blob/main/docs/api_reference.md',
    'k8s.mariadb.com/v1alpha1',
    [
      ['MariaDB', 'mariadbs', mariadb],
      ['Database', 'databases', database],
      ['User', 'users', user],
      ['Grant', 'grants', grant],
    ],
  ),
  ...narrow(
    'https://docs.opensearch.org/latest/install-and-configure/install-opensearch/operator/',
    'opensearch.org/v1',
    [
      ['OpenSearchCluster', 'opensearchclusters', opensearch.opensearchCluster],
      ['OpensearchUser', 'opensearchusers', opensearch.opensearchUser],
      ['OpensearchRole', 'opensearchroles', opensearch.opensearchRole],
      [
        'OpensearchUserRoleBinding',
        'opensearchuserrolebindings',
        opensearch.opensearchUserRoleBinding,
      ],
    ],
  ),
  ...narrow(
    'https://cloudnative-pg.io/plugin-barman-cloud/docs/plugin-barman-cloud.v1/',
    'barmancloud.cnpg.io/v1',
    [['ObjectStore', 'objectstores', objectStore]],
  ),
]

/** The kind of an object; undefined for Kubernetes' own and for what is not in the table. */
export const kindOf = ({ apiVersion, kind }: { apiVersion: string; kind: string }) =>
  kinds.find((one) => one.kind === kind && `${one.group}/${one.version}` === apiVersion)
