import type { KubernetesObject } from '../kubernetes/object.ts'
import type { Settings } from '../settings.ts'
import type { Topology } from '../../services/model/topology.ts'
import { frontDoorObjects, gatewayClass } from './front-door-objects.ts'
import { kafkaObjects } from './kafka-objects.ts'
import { mariadbObjects } from './mariadb-objects.ts'
import { namespaceObjects } from './namespace-objects.ts'
import { opensearchObjects } from './opensearch-objects.ts'
import { postgresObjects } from './postgres-objects.ts'
import { redisObjects } from './redis-objects.ts'
import { storeNetworkPolicies } from './store-network.ts'

/** What a stack stands on. */
export interface FoundationArgs {
  readonly settings: Settings
  /** Pools and network follow from its services. */
  readonly topology: Topology
}

/** All objects of the foundation, Helm releases aside: what is registered, and what is checked without Pulumi. */
export const foundationObjects = (args: FoundationArgs): readonly KubernetesObject[] => [
  ...namespaceObjects(args),
  ...(args.settings.operators === 'install' ? [gatewayClass(args.settings)] : []),
  ...storeNetworkPolicies(args),
  ...kafkaObjects(args),
  ...postgresObjects(args),
  ...mariadbObjects(args),
  ...redisObjects(args),
  ...opensearchObjects(args),
  ...frontDoorObjects(args),
]
