import { redisStoreRights } from '../../services/kit/provision.ts'
import type { Topology } from '../../services/model/topology.ts'
import { storeSecretName, type SecretSpec } from '../workloads/secrets.ts'
import { redisMetrics } from './secrets.ts'

/** Name of the Secret with the access list, and the file in it. */
export const redisAclSecret = 'redis-acl'
export const redisAclFile = 'users.acl'

/** May do nothing but answer probes and read this list again, so it needs no password. */
export const healthUser = 'health'

/** Reads what is measured, and no key. */
export const metricsUser = 'metrics'

const metricsRights = [
  'client|setname',
  'config|get',
  'info',
  'latency|latest',
  'ping',
  'slowlog|len',
  'slowlog|get',
]

/**
 * Redis' users (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/): one a store, who touches
 * its own keys only, with hashed passwords; whoever probes and measures; nobody else.
 */
export function redisAcl({ stores }: Pick<Topology, 'stores'>): SecretSpec {
  const redis = stores.filter(({ engine }) => engine === 'redis')
  return {
    name: redisAclSecret,
    passwords: [...redis.map((store) => storeSecretName(store)), redisMetrics],
    data: ({ sha256 }) => ({
      [redisAclFile]: [
        'user default off',
        `user ${healthUser} on nopass +ping +acl|load`,
        `user ${metricsUser} on #${sha256(redisMetrics)} ${metricsRights.map((one) => `+${one}`).join(' ')}`,
        ...redis.map(
          (store) =>
            `user ${store.name} on #${sha256(storeSecretName(store))} ${redisStoreRights(store).join(' ')}`,
        ),
        '',
      ].join('\n'),
    }),
  }
}
