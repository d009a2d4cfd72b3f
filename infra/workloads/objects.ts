import type { Service } from '../../services/model/service.ts'
import { redisAcl } from '../foundation/redis-acl.ts'
import type { KubernetesObject } from '../kubernetes/object.ts'
import { observedObjects } from '../observability/alerts-and-boards.ts'
import { databaseObjects } from './databases.ts'
import { deployment, disruptionBudget } from './deployment.ts'
import { clusterService, httpRoute, serviceMonitor } from './exposure.ts'
import { kafkaUser, topicObject } from './kafka-access.ts'
import { migration } from './migration.ts'
import { defaultDeny, networkPolicy } from './network.ts'
import { scalingObjects } from './scaling.ts'
import { externalSecrets, secretsOf } from './secrets.ts'
import { owned, type StackContext } from './stack-context.ts'

/**
 * Everything in Kubernetes that follows from one service, in the order in which it can be made: identity, secrets,
 * logins, edges, migration, then what serves. The same objects whether Pulumi registers them or Argo CD reads them.
 */
export const serviceObjects = (
  service: Service,
  context: StackContext,
): readonly KubernetesObject[] => [
  serviceAccount(service, context),
  ...externalSecrets(secretsOf(service, context), context),
  ...kafkaUser(service, context),
  ...databaseObjects(service, context),
  networkPolicy(service, context),
  ...migration(service, context),
  deployment(service, context),
  clusterService(service, context),
  disruptionBudget(service, context),
  ...scalingObjects(service, context),
  ...httpRoute(service, context),
  serviceMonitor(service, context),
  ...observedObjects(context.observed(service), context.settings.stack),
]

/** What follows from the topology and belongs to no single service: topics, the default of the network, Redis' users, shared boards. */
export const platformObjects = (context: StackContext): readonly KubernetesObject[] => [
  defaultDeny(context),
  ...externalSecrets([redisAcl(context.topology)], context),
  ...context.topology.topics.map((topic) => topicObject(topic, context)),
  ...observedObjects(context.observed('platform'), context.settings.stack),
]

const serviceAccount = (service: Service, context: StackContext): KubernetesObject =>
  owned(service, context, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    automountServiceAccountToken: false,
  })
